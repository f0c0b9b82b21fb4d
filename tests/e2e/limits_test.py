"""Every limit of a function hit on purpose: what its caller, `fn status` and `fn logs` are told, and that it goes on."""

import concurrent.futures
import os
import socket
import time
import unittest

from support.cases import HearthdCase, tell
from support.hearthd import problem
from support.waiting import wait_for

HANDLER = """
    import os, resource, signal, subprocess, sys, threading, time

    EAT = "import os\\nopen('/proc/self/oom_score_adj', 'w').write('1000')\\nx = []\\nwhile True: x.append(os.urandom(1 << 20))"
    lock, inside, most = threading.Lock(), 0, 0

    def handle(request, context):
        return globals()[request.path.strip("/") or "who"](request)

    def who(request):
        return os.environ["HEARTH_REPLICA"]

    def eat(request):
        eaten = []
        while True:
            eaten.append(os.urandom(1 << 20))

    def child(request):
        return str(subprocess.run([sys.executable, "-c", EAT]).returncode)

    def fork(request):
        children = []
        try:
            while len(children) < 1000:
                pid = os.fork()
                if pid == 0:
                    time.sleep(60)
                    os._exit(0)
                children.append(pid)
        except OSError as error:
            return f"{len(children)} {error.strerror}"
        finally:
            for pid in children:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def sleep(request):
        time.sleep(float(request.query["s"]))
        return "slept"

    def crowd(request):
        global inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.3)
        with lock:
            inside -= 1
        return f"{os.environ['HEARTH_REPLICA']} {most}"

    def fill(request):
        written = 0
        try:
            with open(request.query["file"], "wb", buffering=0) as file:
                while True:
                    written += file.write(bytes(1 << 16))
        except OSError as error:
            return f"{written} {error.strerror}"
        finally:
            if os.path.exists(request.query["file"]):
                os.unlink(request.query["file"])

    def size(request):
        return str(len(request.body))

    def shout(request):
        for number in range(15_000):
            print(number, "x" * 1000)
        sys.stdout.flush()
        return "done"

    def swap(request):
        os.rename("/run/hearth/fn.sock", "/run/hearth/was.sock")
        if request.query["for"] == "pipe":
            os.mkfifo("/run/hearth/fn.sock")
        else:
            os.symlink(request.query["for"], "/run/hearth/fn.sock")
        return "swapped"
"""


class Limits(HearthdCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hearthd.deploy_python("one", HANDLER, """
            limits: {memory: 64Mi, pids: 24, tmp: 4Mi, body: 64Ki, concurrency: 3, timeout: 20s}
            scale: {max: 1}
            network: {egress: deny}
            """)
        cls.pool = concurrent.futures.ThreadPoolExecutor(12)
        cls.addClassCleanup(cls.pool.shutdown)

    def call(self, path, **options):
        return self.hearthd.call("one", path, **options)

    def await_logged(self, *words):
        def logged():
            text = self.hearthd.fn("logs", "one", "--tail", "200").stdout
            return any(all(word in line for word in words) for line in text.splitlines())
        wait_for(f"the log says {words}", logged, 60, between=0.2)

    def test_memory_is_told_to_the_caller_in_the_status_and_in_the_log(self):
        answer = self.call("/eat")
        self.assertEqual(answer.status, 502, answer)
        document = problem(answer)
        self.assertEqual(document["layer"], "function")
        self.assertIn("ran out of memory: its limit is 64Mi", document["detail"])
        tell(f"the caller is told: {document['detail']}")
        self.await_logged("hearth: out of memory", "limits.memory")
        self.assertIn("ran out of memory: its limit is 64Mi", self.hearthd.fn("status", "one").stdout)
        self.assertEqual(self.call("/").status, 200)

    def test_memory_of_a_child_is_told_in_the_log_and_the_call_goes_on(self):
        replica = self.call("/").text
        self.assertEqual(self.call("/child").text, "-9")
        self.await_logged("hearth: out of memory: the kernel killed a process; limits.memory is 64Mi")
        self.assertEqual(self.call("/").text, replica)

    def test_a_fork_bomb_is_contained_and_told_in_the_log(self):
        replica = self.call("/").text
        children, error = self.call("/fork").text.split(" ", 1)
        self.assertLess(int(children), 24)
        self.assertEqual(error, "Resource temporarily unavailable")
        self.await_logged("hearth: refused another process or thread: limits.pids is 24")
        self.assertEqual(self.call("/").text, replica)

    def test_no_more_calls_at_once_than_it_takes(self):
        self.call("/")
        answers = list(self.pool.map(lambda _: self.call("/crowd"), range(12)))
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual(len({answer.text.split()[0] for answer in answers}), 1, "scale.max is 1")
        self.assertEqual(max(int(answer.text.split()[1]) for answer in answers), 3)

    def test_what_is_written_is_bounded(self):
        for file, outcome in (("/tmp/x", "4194304 No space left on device"), ("/run/hearth/x", "65536 No space left on device"),
                              ("/x", "0 Read-only file system"), ("/function/x", "0 Read-only file system")):
            self.assertEqual(self.call(f"/fill?file={file}").text, outcome, file)

    def test_a_body_at_the_limit_arrives_and_one_over_it_does_not(self):
        self.assertEqual(self.call("/size", method="POST", body=bytes(64 << 10)).text, str(64 << 10))
        answer = self.call("/size", method="POST", body=bytes((64 << 10) + 1))
        self.assertEqual(answer.status, 413, answer)
        self.assertEqual(problem(answer)["layer"], "limit")
        answer = self.call("/size", method="POST", body=iter([bytes(1 << 15)] * 3))  # chunked
        self.assertEqual(answer.status, 413, answer)

    def test_a_body_over_the_limit_is_refused_before_it_is_sent(self):
        host, port = self.hearthd.gateway.split(":")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(b"POST /fn/one/size HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 65537\r\n\r\n")
            self.assertRegex(client.recv(65536), rb"^HTTP/1\.1 413 ")
        with socket.create_connection((host, int(port)), timeout=20) as client:
            client.sendall(b"POST /fn/one/size HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 65536\r\n\r\n")
            self.assertRegex(client.recv(25), rb"^HTTP/1\.1 100 ")

    def test_output_without_end_fills_no_disk(self):
        self.assertEqual(self.call("/shout").text, "done")
        self.await_logged("14999 xxx")
        kept = sum(file.stat().st_size for file in (self.hearthd.state_dir / "logs").iterdir())
        tell(f"of 15 MB that were printed {kept >> 20} MiB are kept")
        self.assertLess(kept, 11 << 20)

class Hostile(HearthdCase):
    def test_another_thing_in_its_sockets_place_is_never_called(self):
        """A function moves something else to where its socket was; what is called there next needs a new connection."""
        self.hearthd.deploy_python("swapper", HANDLER, "network: {egress: deny}\nscale: {max: 1}\n")
        pool = concurrent.futures.ThreadPoolExecutor(8)
        self.addCleanup(pool.shutdown)
        engine = self.hearthd.docker.socket
        for place in (engine, "/proc/1/root" + engine, "../../../.." + engine, "pipe"):
            with self.subTest(place):
                replica = self.hearthd.call("swapper").text
                self.assertEqual(self.hearthd.call("swapper", f"/swap?for={place}").text, "swapped")
                # Kept connections are still the function's, and there are not as many as calls: for the others the
                # replica is given up, and they go to a new one.
                answers = list(pool.map(lambda _: self.hearthd.call("swapper", "/sleep?s=1"), range(8)))
                for answer in answers:
                    self.assertTrue(answer.text == "slept" or problem(answer)["layer"] == "function", answer)
                wait_for("a new replica serves", lambda: self.hearthd.call("swapper").text not in ("", replica), 30)


class Timeouts(HearthdCase):
    def test_alone_the_replica_is_given_up_and_beside_others_it_goes_on(self):
        for concurrency, kept in ((1, False), (2, True)):
            with self.subTest(concurrency=concurrency):
                name = f"late{concurrency}"
                self.hearthd.deploy_python(name, HANDLER, f"""
                    limits: {{timeout: 3s, concurrency: {concurrency}}}
                    network: {{egress: deny}}
                    """)
                replica = self.hearthd.call(name).text
                begun = time.monotonic()
                answer = self.hearthd.call(name, "/sleep?s=30")
                self.assertEqual(answer.status, 504, answer)
                self.assertLess(time.monotonic() - begun, 15)
                self.assertIn(problem(answer)["layer"], ("function", "limit"))
                self.assertEqual(self.hearthd.call(name).text == replica, kept)


if __name__ == "__main__":
    unittest.main()
