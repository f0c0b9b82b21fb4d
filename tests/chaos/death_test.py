"""Replicas that die under their calls, and functions that cannot start."""

import concurrent.futures
import http.client
import socket
import time
import unittest

from support.cases import HearthdCase, tell
from support.hearthd import problem
from support.waiting import wait_for

HANDLER = """
    import os, signal, time

    def handle(request, context):
        if request.path == "/sleep":
            time.sleep(50)
        if request.path == "/eat":
            eaten = []
            while True:
                eaten.append(bytearray(os.urandom(1 << 20)))
        if request.path == "/exit":
            os._exit(3)
        if request.path == "/stream":
            return endless()
        return os.environ["HEARTH_REPLICA"]

    def endless():
        while True:
            yield "more\\n"
            time.sleep(0.05)
"""


class Death(HearthdCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hearthd.deploy_python("mortal", HANDLER, "limits: {memory: 64Mi, cpu: 1}")
        cls.pool = concurrent.futures.ThreadPoolExecutor(8)
        cls.addClassCleanup(cls.pool.shutdown)

    def setUp(self):
        self.replica = self.hearthd.call("mortal").text
        wait_for("it is the only one", lambda: len(self.hearthd.containers("mortal")) == 1)  # what died before is gone
        self.container, = self.hearthd.containers("mortal")

    def in_flight(self):
        return sum(one["in_flight"] for one in self.hearthd.function("mortal", "/replicas")["items"])

    def sleeping_calls(self, count):
        calls = [self.pool.submit(self.hearthd.call, "mortal", "/sleep") for _ in range(count)]
        wait_for("the calls run", lambda: self.in_flight() == count, 20)
        return calls

    def assert_told(self, answer, *words):
        self.assertEqual(answer.status, 502, answer)
        document = problem(answer)
        self.assertEqual(document["layer"], "function", document)
        for word in words:
            self.assertIn(word, document["detail"])
        self.assertTrue(answer.headers["Server-Timing"])

    def assert_the_next_call_is_served_by_a_new_replica(self):
        answer = self.hearthd.call("mortal")
        self.assertEqual(answer.status, 200, answer)
        self.assertNotEqual(answer.text, self.replica)
        wait_for("nothing of the dead one is left", lambda: self.container not in self.hearthd.containers("mortal"), 20)

    def test_a_replica_removed_mid_call_is_a_502_with_the_reason(self):
        calls = self.sleeping_calls(3)
        begun = time.monotonic()
        self.hearthd.docker.remove(self.container)
        for one in calls:
            self.assert_told(one.result(20), "killed by signal 9")
        self.assertLess(time.monotonic() - begun, 10)
        self.assert_the_next_call_is_served_by_a_new_replica()

    def test_a_killed_replica_is_named_by_its_signal(self):
        call, = self.sleeping_calls(1)
        self.hearthd.docker.kill(self.container)
        self.assert_told(call.result(20), "a replica of", "mortal", "killed by signal 9")
        self.assert_the_next_call_is_served_by_a_new_replica()

    def test_memory_that_ran_out_is_told_with_the_limit(self):
        self.assert_told(self.hearthd.call("mortal", "/eat"), "ran out of memory", "64Mi")
        self.assert_the_next_call_is_served_by_a_new_replica()

    def test_an_exit_is_told_with_its_code(self):
        self.assert_told(self.hearthd.call("mortal", "/exit"), "exited with code 3")
        self.assert_the_next_call_is_served_by_a_new_replica()

    def test_a_death_amid_the_answer_is_no_whole_answer(self):
        host, port = self.hearthd.gateway.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", "/fn/mortal/stream")
        answer = connection.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.read1(5), b"more\n")
        self.hearthd.docker.kill(self.container)
        with self.assertRaises((http.client.IncompleteRead, ConnectionResetError)):
            answer.read()
        self.assert_the_next_call_is_served_by_a_new_replica()

    def test_a_kept_client_connection_lives_on_after_the_502(self):
        host, port = self.hearthd.gateway.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as client:
            stream = client.makefile("rb")
            for path, status in (("/exit", b"502"), ("/", b"200")):
                client.sendall(f"GET /fn/mortal{path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                self.assertEqual(stream.readline().split()[1], status)
                length = 0
                while (line := stream.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                stream.read(length)


class CannotStart(HearthdCase):
    """A function that cannot start starts a few times, not once a call."""

    def starts_of(self, name, call_them):
        begun = time.time()
        answers = call_them()
        for answer in answers:
            self.assertIn(answer.status, (502, 503), answer)
        created = self.hearthd.docker.events(self.hearthd.installation, begun - 1, time.time(), "create")
        tell(f"{name}: {len(answers)} calls in {time.time() - begun:.1f} s, {len(created)} containers")
        return answers, len(created)

    def test_200_calls_in_a_row_start_it_a_few_times(self):
        self.hearthd.deploy_python("broken", "import nothing_of_that_name\n")
        answers, starts = self.starts_of("in a row", lambda: [self.hearthd.call("broken") for _ in range(200)])
        self.assertLessEqual(starts, 8)
        for answer in (answers[0], answers[-1]):
            self.assertIn("nothing_of_that_name", problem(answer)["detail"])
        self.hearthd.await_nothing_left()

    def test_200_calls_at_once_start_it_a_few_times(self):
        self.hearthd.deploy_python("storm", "raise SystemExit(5)\n")
        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            _, starts = self.starts_of("at once", lambda: list(pool.map(lambda _: self.hearthd.call("storm"), range(200))))
        self.assertLessEqual(starts, 8)
        self.hearthd.await_nothing_left()

    def test_a_new_revision_starts_at_once(self):
        self.hearthd.deploy_python("mended", "raise SystemExit(5)\n")
        for _ in range(5):
            self.hearthd.call("mended")
        self.hearthd.deploy_python("mended", "def handle(request, context):\n    return 'mended'\n")
        wait_for("the new revision answers", lambda: self.hearthd.call("mended").text == "mended", 20)


if __name__ == "__main__":
    unittest.main()
