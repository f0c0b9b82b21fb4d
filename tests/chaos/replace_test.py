"""One hearthd takes the place of another: under steady load no call fails, whoever is killed when; and a plain restart
behind sockets that systemd would hold loses none either."""

import hashlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

from support.cases import HearthdCase, tell
from support.gate import Gate
from support.hearthd import program
from support.steady import Steady
from support.waiting import wait_for

REPLACEMENTS = max(3, int(3 * float(os.environ.get("HEARTH_TEST_REPEAT", "1"))))

HANDLER = """
    import asyncio, os

    async def handle(request, context):
        if "s" in request.query:
            return stream(float(request.query["s"]))
        await asyncio.sleep(0.01)
        return f"{os.getpid()}"

    async def stream(seconds):
        for number in range(int(seconds * 10)):
            yield f"{number}\\n"
            await asyncio.sleep(0.1)
"""
ONE_AT_A_TIME = """
    import time
    busy = 0

    def handle(request, context):
        global busy
        busy += 1
        assert busy == 1, "more calls than its concurrency"
        time.sleep(0.02)
        busy -= 1
        return "one"
"""
COUNTING = """
    import json, time
    ran = {}

    def handle(request, context):
        if "told" in request.query:
            return ran
        id = request.headers["hearth-call-id"]
        ran[id] = ran.get(id, 0) + 1
        time.sleep(0.05)
        return "ran"
"""


class Replacement(HearthdCase):
    settings = {"drain": "2s"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hearthd.deploy_python("many", HANDLER)
        cls.hearthd.deploy_python("single", ONE_AT_A_TIME, "limits: {concurrency: 1}\nscale: {max: 6}")

    def setUp(self):
        self.started = []
        self.addCleanup(self.end_others)

    def end_others(self):
        for process in self.started:
            if process is not self.hearthd.process and process.poll() is None:
                process.kill()
            if process is not self.hearthd.process:
                process.wait()

    def launch(self, **settings):
        with open(self.hearthd.log, "ab") as log:
            process = subprocess.Popen([*self.hearthd.command(**settings), "--replace"], stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log, start_new_session=True)
        self.started.append(process)
        return process

    def serving(self):
        try:
            return self.hearthd.ask("GET", "/v1/info").json()["pid"]
        except (OSError, http.client.HTTPException, KeyError):
            return None

    def replace(self):
        """Returns the one before, which may still end its calls."""
        before = self.hearthd.process
        self.started.append(before)
        after = self.launch()
        wait_for("the new hearthd serves", lambda: self.serving() == after.pid, 60)
        self.hearthd.process = after
        return before

    def steady(self, clients=6):
        steady = Steady([self.hearthd.url("many"), self.hearthd.url("many"), self.hearthd.url("single")], clients)
        self.addCleanup(steady.end)
        wait_for("calls are answered", lambda: steady.count() > 50, 60)
        return steady

    def assert_none_failed(self, steady, what):
        steady.end()
        tell(f"{what}, {steady.calls} calls, {len(steady.failed)} failed")
        self.assertEqual(steady.failed, [])

    def test_no_call_fails_through_replacements(self):
        replicas = self.hearthd.containers("many")
        steady = self.steady()
        times = []
        for _ in range(REPLACEMENTS):
            begun = time.monotonic()
            before = self.replace()
            times.append(time.monotonic() - begun)
            self.assertEqual(before.wait(60), 0)
            seen = steady.count()
            wait_for("calls go on", lambda seen=seen: steady.count() > seen + 100, 60)
        self.assert_none_failed(steady, f"{REPLACEMENTS} replacements of hearthd ({max(times):.1f} s each at most)")
        self.assertLessEqual(replicas, self.hearthd.containers("many"), "the replicas were handed on")
        self.hearthd.deploy_python("after", HANDLER)
        self.assertEqual(self.hearthd.call("after").status, 200)

    def test_a_long_stream_survives_a_replacement(self):
        connection = http.client.HTTPConnection(self.hearthd.gateway, timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", "/fn/many?s=6")
        answer = connection.getresponse()
        self.assertEqual(answer.readline(), b"0\n")
        before = self.replace()
        self.assertEqual(self.hearthd.call("many").status, 200, "though its replica is still another's")
        self.assertIsNone(before.poll())
        self.assertEqual(answer.read().split()[-1], b"59")
        self.assertEqual(before.wait(30), 0)
        connection.request("GET", "/fn/many")  # the connection has moved on to the new one
        self.assertEqual(connection.getresponse().status, 200)

    def test_stored_calls_run_once_through_replacements(self):
        stored, stop = [], threading.Event()

        def produce():
            while not stop.is_set():
                answer = self.hearthd.raw("/async/counting", "POST", b"x")
                self.assertEqual(answer.status, 202, answer)
                stored.append(answer.json()["id"])

        self.hearthd.deploy_python("counting", COUNTING, "limits: {concurrency: 8}\nscale: {max: 1}")
        threads = [threading.Thread(target=produce) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(2):
            already = len(stored)
            wait_for("calls are stored", lambda: len(stored) > already + 30, 60)
            self.replace()
        stop.set()
        for thread in threads:
            thread.join()
        for id in stored:
            wait_for("it has run", lambda id=id: self.standing(id) == "succeeded", 60)
        ran = json.loads(self.hearthd.call("counting", "/?told").text)
        self.assertEqual({id: ran.get(id) for id in stored}, {id: 1 for id in stored})
        tell(f"{len(stored)} stored calls through 2 replacements: each ran, and once")

    def standing(self, id):
        answer = self.hearthd.raw(f"/async/{id}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["state"]

    def test_an_idle_connection_moves_on(self):
        kept = socket.create_connection(self.hearthd.gateway.split(":"))
        self.addCleanup(kept.close)
        kept.settimeout(30)
        half = b"GET /fn/many HTTP/1.1\r\nHost: x\r\n"
        kept.sendall(half + b"\r\n")
        wait_for("it was answered", lambda: kept.recv(4096).startswith(b"HTTP/1.1 200"), 30)
        kept.sendall(half)  # half a request is no call in flight
        self.assertEqual(self.replace().wait(60), 0)
        kept.sendall(b"\r\n")
        self.assertTrue(kept.recv(4096).startswith(b"HTTP/1.1 200"))

    def launch_and_kill(self, hold):
        """The successor is killed as it waits for Docker's answer to a request that matches `hold`."""
        gate = Gate(self.hearthd.folder / "gate.sock", self.hearthd.docker.socket, hold)
        self.addCleanup(gate.close)
        after = self.launch(docker_socket=gate.path)
        self.assertTrue(gate.shut.wait(30))
        after.kill()
        after.wait()

    def leave_record(self):
        """Of a replica that nobody uses: before a successor serves, it has to ask Docker whether it lives."""
        replicas = self.hearthd.run_dir / "replicas"
        text = next(replicas.glob("*/record")).read_text()
        (replicas / ("0" * 15 + "1")).mkdir(exist_ok=True)
        (replicas / ("0" * 15 + "1") / "record").write_text(re.sub("[0-9a-f]{64}", "0" * 64, text))

    def test_killed_before_it_is_ready_it_changes_nothing(self):
        steady = self.steady()
        taken = self.hearthd.log_text().count("takes over")
        for _ in range(3):
            self.launch_and_kill(rb"^GET ")
        self.assertEqual(self.hearthd.log_text().count("takes over"), taken)
        self.assertEqual(self.serving(), self.hearthd.process.pid)
        seen = steady.count()
        wait_for("calls go on", lambda: steady.count() > seen + 50, 30)
        self.assert_none_failed(steady, "3 successors killed before they were ready")

    def test_killed_before_it_serves_it_takes_no_connection_with_it(self):
        steady = self.steady()
        taken = self.hearthd.log_text().count("takes over")
        for _ in range(3):
            self.leave_record()
            self.launch_and_kill(rb"^[A-Z]+ (?!\S*/(version|info|_ping) )")
            wait_for("the old one serves again", lambda: self.serving() == self.hearthd.process.pid, 60)
            seen = steady.count()
            wait_for("calls go on", lambda seen=seen: steady.count() > seen + 50, 30)
        self.assertGreaterEqual(self.hearthd.log_text().count("takes over"), taken + 3)
        self.assert_none_failed(steady, "3 successors killed before they served")

    def test_killed_after_it_took_over_the_old_one_takes_the_place_back(self):
        connection = http.client.HTTPConnection(self.hearthd.gateway, timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", "/fn/many?s=8")  # keeps the old one from ending
        answer = connection.getresponse()
        answer.readline()
        before = self.replace()
        self.hearthd.process.kill()
        self.hearthd.process.wait()
        self.hearthd.process = before
        wait_for("the old one serves again", lambda: self.serving() == before.pid, 60)
        self.assertEqual(self.hearthd.call("many").status, 200)
        self.assertEqual(answer.read().split()[-1], b"79")
        self.hearthd.deploy_python("again", HANDLER)
        self.assertEqual(self.hearthd.call("again").status, 200)
        self.assertEqual(self.replace().wait(60), 0, "and it can be replaced like any other")

    def test_the_old_one_killed_while_it_ends_its_calls_leaves_its_replicas_to_the_new_one(self):
        connection = http.client.HTTPConnection(self.hearthd.gateway, timeout=60)
        self.addCleanup(connection.close)
        connection.request("GET", "/fn/many?s=30")
        connection.getresponse().readline()
        held = self.hearthd.containers("many")
        before = self.replace()
        before.kill()
        before.wait()
        wait_for("they are the new one's",
                 lambda: {one["state"] for one in self.hearthd.function("many", "/replicas")["items"]} & {"warm", "executing"}, 30)
        self.assertTrue(held & self.hearthd.containers("many"))
        self.assertEqual(self.hearthd.call("many").status, 200)

    def test_a_wait_for_a_change_and_an_upload_outlive_it(self):
        path = "/v1/namespaces/default/functions/many/status"
        waits = []
        asking = threading.Thread(target=lambda: waits.append(self.hearthd.ask(
            "GET", f"{path}?wait=25&seen={self.hearthd.ask('GET', path).json()['seen']}")))
        content = os.urandom(1 << 20)
        digest = hashlib.sha256(content).hexdigest()
        host, port = self.hearthd.api.split(":")
        upload = http.client.HTTPConnection(host, int(port), timeout=60)
        self.addCleanup(upload.close)
        upload.putrequest("PUT", f"/v1/namespaces/default/packages/sha256:{digest}")
        upload.putheader("Authorization", f"Bearer {(self.hearthd.config_dir / 'token').read_text().strip()}")
        upload.putheader("Content-Length", str(len(content)))
        upload.endheaders(content[:1 << 19])
        asking.start()
        before = self.replace()
        upload.send(content[1 << 19:])
        self.assertIn(upload.getresponse().status, (200, 201, 204))
        asking.join(60)
        self.assertEqual([one.status for one in waits], [200], [one.text for one in waits])
        self.assertEqual(before.wait(60), 0)

    def test_changes_wait_for_the_new_one_and_a_build_goes_on_there(self):
        folder = self.hearthd.write("slow", {
            "fn.yaml": "name: slow\nbuild: ./Dockerfile\n",
            "Dockerfile": "FROM debian:bookworm-slim\nRUN sleep 4; false\n"})
        deploying = subprocess.Popen([program("HEARTH_TEST_FN", "fn"), "deploy"], cwd=folder, text=True,
                                     env=self.hearthd.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(deploying.kill)
        wait_for("it builds", lambda: self.hearthd.ask("GET", "/v1/namespaces/default/functions/slow").status == 200, 30)
        self.assertEqual(self.replace().wait(60), 0)
        output, _ = deploying.communicate(timeout=120)
        self.assertEqual(deploying.returncode, 3, output)
        self.assertIn("RUN sleep 4", output)


class Supervised(HearthdCase):
    def test_what_a_supervisor_keeps_is_not_replaced_beside_it(self):
        self.hearthd.stop()
        os.environ["NOTIFY_SOCKET"] = str(self.hearthd.folder / "nobody.sock")
        try:
            self.hearthd.start()
        finally:
            del os.environ["NOTIFY_SOCKET"]
        done = subprocess.run([*self.hearthd.command(), "--replace"], capture_output=True, text=True, timeout=60, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("is kept by systemd", done.stderr)
        self.assertEqual(self.hearthd.ask("GET", "/v1/info").json()["pid"], self.hearthd.process.pid)


class Sockets(HearthdCase):
    """An activator like systemd: it holds the listening sockets, and hearthd is restarted behind them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hearthd.deploy_python("many", HANDLER)
        cls.hearthd.stop()

    def start_behind(self, sockets):
        def hand_over():
            os.environ["LISTEN_PID"] = str(os.getpid())
            for number, one in enumerate(sockets):
                os.dup2(one.fileno(), 3 + number)

        with open(self.hearthd.log, "ab") as log:
            environment = {**os.environ, "LISTEN_FDS": "2", "LISTEN_FDNAMES": "gateway:api", "NOTIFY_SOCKET": self.notify}
            command = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *self.hearthd.command()]
            self.hearthd.process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                                    stderr=log, close_fds=False, preexec_fn=hand_over)

    def test_a_restart_behind_held_sockets_loses_no_call(self):
        self.notify = str(self.hearthd.folder / "notify")
        told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(told.close)
        told.bind(self.notify)
        told.settimeout(60)
        sockets = []
        for address in (self.hearthd.gateway, self.hearthd.api):
            host, port = address.split(":")
            one = socket.create_server((host, int(port)), backlog=128)
            self.addCleanup(one.close)
            sockets.append(os.dup(one.fileno()))
        high = [socket.socket(fileno=os.dup2(fd, 60 + i)) for i, fd in enumerate(sockets)]
        self.start_behind(high)
        self.assertIn(b"READY=1", told.recv(4096))
        steady = Steady([self.hearthd.url("many")], clients=4, kept=False)  # a kept one would end with its hearthd
        self.addCleanup(steady.end)
        wait_for("calls are answered", lambda: steady.count() > 50, 60)
        for _ in range(3):
            self.hearthd.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.hearthd.process.wait(30), 0)
            self.start_behind(high)
            self.assertIn(b"READY=1", told.recv(4096))
        self.hearthd.await_ready()
        steady.end()
        tell(f"3 restarts behind held sockets, {steady.calls} calls, {len(steady.failed)} failed")
        self.assertEqual(steady.failed, [])


if __name__ == "__main__":
    unittest.main()
