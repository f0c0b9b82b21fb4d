"""Every limit of a function hit on purpose: what its caller, `fn status` and `fn logs` are told, and that it goes on."""

import concurrent.futures
import http.client
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

    def spin(request):  # what burning so many seconds of CPU took on the clock
        begun, burnt = time.monotonic(), time.process_time() + float(request.query["s"])
        while time.process_time() < burnt:
            pass
        return f"{time.monotonic() - begun:.3f}"

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

    def test_a_replica_that_outlived_hearthd_is_still_watched(self):
        said = "hearth: refused another process or thread: limits.pids is 24"
        replica = self.call("/").text
        self.hearthd.kill()
        self.hearthd.start()
        self.assertEqual(self.call("/").text, replica)
        before = self.hearthd.fn("logs", "one", "--tail", "1000").stdout.count(said)
        self.call("/fork")
        wait_for("it is told again", lambda: self.hearthd.fn("logs", "one", "--tail", "1000").stdout.count(said) > before, 30)

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


class Cpu(HearthdCase):
    def test_a_busy_replica_is_throttled_to_its_share(self):
        self.hearthd.deploy_python("tenth", HANDLER, "limits: {cpu: 0.1}\nnetwork: {egress: deny}\n")
        self.hearthd.call("tenth")
        [container] = self.hearthd.containers("tenth")

        def throttled():
            stats = self.hearthd.docker.ask("GET", f"/containers/{container}/stats?stream=false&one-shot=true")
            return stats["cpu_stats"]["throttling_data"]["throttled_periods"]

        before = throttled()
        took = float(self.hearthd.call("tenth", "/spin?s=0.2").text)
        periods = throttled() - before
        tell(f"0.2 s of CPU at limits.cpu 0.1 took {took:.1f} s; held back in {periods} periods of 100 ms")
        self.assertGreaterEqual(took, 1)  # 2 s without what is left of the first period and of the last
        self.assertGreater(periods, 0)  # about 20, and fewer where others leave it less than its share


class Queues(HearthdCase):
    def request(self, name, path="/"):
        """A call that is sent and not yet answered; its answer is read by `answer`."""
        host, port = self.hearthd.gateway.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", f"/fn/{name}{path}")
        return connection

    def await_held(self, name, count):
        wait_for(f"{count} calls of {name} wait", lambda: self.hearthd.function(name, "/status")["held"] == count, 60)

    def test_one_call_more_than_may_wait_is_refused_at_once_and_comes_again(self):
        self.hearthd.deploy_python("narrow", HANDLER, """
            limits: {concurrency: 1, timeout: 5m}
            scale: {max: 1}
            network: {egress: deny}
            """)
        self.hearthd.call("narrow")
        busy = self.request("narrow", "/sleep?s=240")
        wait_for("it is busy", lambda: self.hearthd.state("narrow") == "executing", 30)
        waiting = [self.request("narrow") for _ in range(1000)]
        self.await_held("narrow", 1000)

        answer = self.hearthd.call("narrow")
        self.assertEqual((answer.status, answer.headers["Retry-After"]), (429, "1"), answer)
        document = problem(answer)
        self.assertEqual((document["layer"], document["code"]), ("limit", "overloaded"))
        self.assertIn("narrow", document["detail"])
        self.assertIn("scale.max", document["hint"])
        self.assertNotIn("held", answer.headers["Server-Timing"])
        tell(f"the 1001st that waits is told: {document['detail']}")

        waiting.pop().close()  # who leaves makes room for another
        self.await_held("narrow", 999)
        waiting.append(self.request("narrow"))
        self.await_held("narrow", 1000)

        [container] = self.hearthd.containers("narrow")
        self.hearthd.docker.kill(container)  # the next replica serves all that waited
        self.assertEqual(busy.getresponse().status, 502)
        self.assertEqual({one.getresponse().status for one in waiting}, {200})
        self.assertEqual(self.hearthd.function("narrow", "/status")["held"], 0)

    def test_a_call_that_no_replica_had_room_for_is_told_so_at_its_deadline(self):
        late = "import time\ntime.sleep(600)\ndef handle(request, context):\n    return 'late'\n"
        cases = {"slow": (late, "limits: {timeout: 2s}\nscale: {max: 1, start_timeout: 60s}\n", []),
                 "busy": (HANDLER, "limits: {timeout: 4s, concurrency: 1}\nscale: {max: 1}\n", ["/", "/sleep?s=60"])}
        for name, (handler, settings, first) in cases.items():
            with self.subTest(name):
                self.hearthd.deploy_python(name, handler, settings + "network: {egress: deny}\n")
                if first:
                    self.hearthd.call(name, first[0])
                    self.request(name, first[1])
                    wait_for("it is busy", lambda name=name: self.hearthd.state(name) == "executing", 30)
                begun = time.monotonic()
                answer = self.hearthd.call(name)
                self.assertEqual(answer.status, 504, answer)
                document = problem(answer)
                self.assertEqual((document["layer"], document["code"]), ("gateway", "timeout"))
                self.assertIn(f"no replica of {name} was free before the call's deadline", document["detail"])
                self.assertIn("limits.timeout", document["hint"])
                self.assertRegex(answer.headers["Server-Timing"], r"held;dur=[1-9]\d{3}")
                tell(f"{name}: told after {time.monotonic() - begun:.1f} s: {document['detail']}")


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
