"""What every runtime keeps of docs/reference/container.md, tried on a function that is the same in each language.

conformance/RUNTIME is that function; what it does at which path stands in `conformance/README.md`. $HEARTH_TEST_RUNTIME
says whose turn it is. Most is tried on a container of the function's image, whose socket is within our reach; some through
hearthd, as a user's call comes.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cannot
from replica import Replica, cell_of, sections
from support.calls import call
from support.cases import tell
from support.hearthd import Hearthd, problem
from support.raw_http import until
from support.waiting import wait_for

RUNTIME = os.environ["HEARTH_TEST_RUNTIME"]
FOLDER = Path(__file__).resolve().parent / "conformance" / RUNTIME
CALL = "c-42"
MARKED = [f"Hearth-Call-Id: {CALL}", "Hearth-Deadline-Ms: 5000",
          "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]


def can(*what):
    """Leaves out what the runtime cannot, by cannot.py's word."""
    reasons = [cannot.TABLE.get(RUNTIME, {}).get(one) for one in what]
    reason = next((one for one in reasons if one), None)
    return unittest.skip(f"{RUNTIME}: {reason}") if reason else lambda test: test


class World:
    """The function, deployed once by a hearthd for all tests of this process."""

    hearthd = None

    @classmethod
    def get(cls):
        if cls.hearthd is None:
            cls.hearthd = Hearthd(cells_min="1", cells_max="1")
            unittest.addModuleCleanup(cls.hearthd.close)
            cls.hearthd.fn("deploy", cwd=FOLDER, timeout=400)  # compilers, and what they compile first
            cls.image = cls.hearthd.function("conforms", "/revisions/1")["image"]
            cls.handler = cls.hearthd.function("conforms")["spec"].get("handler", "")
        return cls


class Direct(unittest.TestCase):
    """On the container's own socket. The replica that most are tried on has been a cell."""

    @classmethod
    def setUpClass(cls):
        cls.world = World.get()
        cls.replica = cls.enterClassContext(cls.start(cell=cell_of(RUNTIME)))

    @classmethod
    def start(cls, **settings):
        world = World.get()
        return Replica(world.hearthd.docker, world.image, settings.pop("handler", world.handler),
                       env={"LEVEL": "info"}, **settings)

    def setUp(self):
        self.replica.close_gate()

    def client(self, replica=None):
        client = (replica or self.replica).connect()
        self.addCleanup(client.close)
        return client

    # --- answers ---

    def test_a_plain_answer(self):
        answer = self.replica.call(target="/hello")
        self.assertEqual((answer.status, answer.text.strip()), (200, "hello"))
        self.assertTrue(answer.headers["content-type"].startswith("text/"), answer.headers)

    @can("quiet")
    def test_it_says_that_it_is_quiet_when_no_call_runs(self):
        self.assertEqual(self.replica.call(target="/hello").status, 200)
        until(lambda: self.replica.call(target="/.hearth/quiet", headers=["Hearth-Ask: quiet"]).status == 204)

    @can("held", "quiet")
    def test_it_is_not_quiet_while_a_call_runs(self):
        client = self.client()
        client.request(target="/held")
        until(lambda: self.replica.call(target="/.hearth/quiet", headers=["Hearth-Ask: quiet"]).status == 409)
        self.replica.open_gate()
        self.assertEqual(client.answer().status, 200)

    @can("echo")
    def test_bytes_come_back_as_they_were_sent_with_their_type(self):
        body = bytes(range(256)) * 4
        answer = self.replica.call("POST", "/echo", body, ["Content-Type: image/x-test"])
        self.assertEqual((answer.status, answer.headers["content-type"], answer.body), (200, "image/x-test", body))

    @can("request")
    def test_the_handler_sees_the_request(self):
        answer = self.replica.call("PUT", "/seen/a%20b?a=1&b=%C3%A9", b"", ["X-Test: value"])
        seen = json.loads(answer.body)
        self.assertEqual((seen["method"], seen["query"], seen["header"]), ("PUT", "a=1&b=%C3%A9", "value"))
        self.assertIn(seen["path"], ("/seen/a b", "/seen/a%20b"))

    @can("params")
    def test_parameters_of_the_path_are_the_languages_own_and_decoded(self):
        sent = ["Hearth-Param-id: a%2Fb%20%C3%A9+", "Hearth-Param-rest_of: x/y"]
        answer = self.replica.call(target="/people/a%2Fb%20%C3%A9+/x/y", headers=sent)
        self.assertEqual(json.loads(answer.body), {"id": "a/b é+", "rest_of": "x/y"})

    @can("status")
    def test_the_handler_says_status_and_headers(self):
        answer = self.replica.call(target="/teapot")
        self.assertEqual((answer.status, answer.headers["x-kind"], answer.text.strip()), (418, "tea", "short and stout"))

    @can("cookies")
    def test_a_field_may_repeat(self):
        client = self.client()
        client.request(target="/cookies")
        raw = client.take(1)
        while b"\r\n\r\n" not in raw:
            raw += client.take(1)
        self.assertEqual(re.findall(rb"(?im)^set-cookie: ([ab]=\d)", raw), [b"a=1", b"b=2"])

    @can("json")
    def test_json(self):
        answer = self.replica.call(target="/json")
        self.assertTrue(answer.headers["content-type"].startswith("application/json"), answer.headers)
        self.assertEqual(json.loads(answer.body), {"name": "Ada"})

    @can("empty")
    def test_nothing_is_204(self):
        answer = self.replica.call(target="/empty")
        self.assertEqual(answer.status, 204)
        self.assertNotIn("content-length", answer.headers)

    @can("status")
    def test_a_length_that_is_not_the_bodys_is_no_other_calls_answer(self):
        for path in ("/says-2", "/says-9", "/says-two"):
            client = self.client()
            client.request(target=path)
            with contextlib.suppress(EOFError, ConnectionError):  # broken off, nobody takes it for whole
                answer = client.answer()
                self.assertIn((answer.status, answer.text), [(200, "abcdef"), (200, "ab"), (500, answer.text)])
                client.request(target="/hello")
                self.assertEqual(client.answer().text.strip(), "hello")

    def test_more_fields_than_a_caller_may_send_are_taken(self):
        fields = [f"X-{number}: {number}" for number in range(200)]  # the gateway lets 100 in, and adds its own
        self.assertEqual(self.replica.call(target="/hello", headers=fields).status, 200)

    def test_head_sends_the_head_alone(self):
        client = self.client()
        client.request("HEAD", "/hello")
        self.assertEqual(client.answer("HEAD").status, 200)
        client.request("GET", "/hello")
        self.assertEqual(client.answer().text.strip(), "hello")

    def test_an_unknown_path_is_the_handlers_own_404(self):
        self.assertEqual(self.replica.call(target="/nowhere").status, 404)

    # --- bodies ---

    @can("held")
    def test_pieces_come_as_they_are_written(self):
        client = self.client()
        client.request(target="/held")
        self.assertEqual(client.head()[0], 200)
        self.assertEqual(client.chunk().strip(), b"begun")  # the handler still waits for the gate
        self.assertTrue(client.is_silent())
        self.replica.open_gate()
        self.assertEqual(b"".join(iter(client.chunk, b"")).strip(), b"over")

    @can("size")
    def test_a_large_upload_is_read_whole(self):
        self.assertEqual(self.replica.call("POST", "/size", b"x" * (8 << 20)).text.strip(), str(8 << 20))

    @can("stream-in")
    def test_an_upload_that_streams_does_not_grow_memory(self):
        client = self.client()
        client.send(b"POST /size-streamed HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (400 << 20))
        before, most = self.replica.memory_mib(), 0
        for piece in range(400):
            client.send(b"x" * (1 << 20))
            if piece % 100 == 99:
                most = max(most, self.replica.memory_mib())
        self.assertEqual(client.answer().text.strip(), str(400 << 20))
        self.assertLess(most, before + 60)

    @can("big")
    def test_a_large_answer(self):
        self.assertEqual(len(self.replica.call(target="/big").body), 8 << 20)

    @can("echo")
    def test_a_chunked_request(self):
        client = self.client()
        client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
                    b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
        self.assertEqual(client.answer().body, b"abcdefg")

    @can("echo")
    def test_a_client_that_waits_for_100_is_told_to_go_on(self):
        client = self.client()
        client.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        self.assertEqual(client.head()[0], 100)
        client.send(b"abc")
        self.assertEqual(client.answer().body, b"abc")

    # --- connections ---

    def test_a_kept_connection_carries_many_calls(self):
        client = self.client()
        for _ in range(50):
            client.request(target="/hello")
            self.assertEqual(client.answer().text.strip(), "hello")

    def test_pipelined_requests_are_answered_in_order(self):
        client = self.client()
        paths = ["/hello", "/nowhere"] * 5
        client.send(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths))
        self.assertEqual([client.answer().status for _ in paths], [200, 404] * 5)

    def test_connection_close_is_obeyed(self):
        client = self.client()
        client.request(target="/hello", headers=["Connection: close"])
        client.answer()
        self.assertTrue(client.is_ended())

    def test_garbage_ends_its_connection_and_no_more(self):
        for garbage in (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET\r\n\r\n"):
            client = self.client()
            client.send(garbage)
            with contextlib.suppress(EOFError, ConnectionError):
                self.assertGreaterEqual(client.head()[0], 400)
        self.assertEqual(self.replica.call(target="/hello").status, 200)

    # --- at once ---

    @can("held", "concurrency")
    def test_as_many_calls_run_at_once_as_the_function_takes(self):
        clients = [self.client() for _ in range(4)]
        for client in clients:
            client.request(target="/held")
        for client in clients:
            client.head()
            self.assertEqual(client.chunk().strip(), b"begun")  # all four are in the handler
        self.replica.open_gate()
        for client in clients:
            self.assertEqual(b"".join(iter(client.chunk, b"")).strip(), b"over")

    @can("cancel")
    def test_a_caller_that_leaves_cancels(self):
        client = self.replica.connect()
        client.request(target="/held", headers=["Hearth-Call-Id: leaves"])
        client.head()
        client.chunk()
        client.close()
        until(lambda: "cancelled" in sections(self.replica.log(), "leaves"))

    # --- what a call knows, and what it says ---

    @can("context")
    def test_the_context_of_a_call(self):
        seen = json.loads(self.replica.call(target="/context", headers=MARKED).body)
        self.assertTrue(3000 < seen.pop("remaining_ms") <= 5000, seen)
        self.assertEqual(seen, {"call_id": CALL, "function": "conforms", "namespace": "default", "revision": 7,
                                "traceparent": MARKED[2].split(": ")[1]})

    @can("log")
    def test_lines_of_a_call_bear_its_id(self):
        self.replica.call(target="/log", headers=["Hearth-Call-Id: talks"])
        until(lambda: len(sections(self.replica.log(), "talks")) >= 3)
        lines = sections(self.replica.log(), "talks")
        self.assertIn("to standard output", lines)
        self.assertTrue(any("by the logger" in line for line in lines), lines)

    @can("log")
    def test_a_plain_print_is_in_the_log_and_of_its_call_where_the_language_can_tell(self):
        self.replica.call(target="/log", headers=["Hearth-Call-Id: plain"])
        until(lambda: len(sections(self.replica.log(), "plain")) >= 3)

        def printed():
            return [line for line in self.replica.log() if line.endswith("by a plain print")]

        until(printed)
        of_no_call = RUNTIME in cannot.PLAIN_PRINTS
        self.assertTrue(all(line.startswith("\x1f") != of_no_call for line in printed()), printed())

    @can("log")
    def test_lines_of_calls_at_once_are_kept_apart(self):
        clients = [self.client() for _ in range(4)]
        for number, client in enumerate(clients):
            client.request(target="/log", headers=[f"Hearth-Call-Id: n{number}"])
        for client in clients:
            client.answer()
        for number in range(4):
            until(lambda: len(sections(self.replica.log(), f"n{number}")) >= 3)
        self.assertFalse([line for line in self.replica.log() if re.search("\x1f.*\x1f.*\x1f.*\x1f", line)])

    @can("raise")
    def test_a_failure_is_a_problem_that_keeps_its_stack_to_the_log(self):
        answer = self.replica.call(target="/raise", headers=["Hearth-Call-Id: fails"])
        self.assertEqual((answer.status, answer.headers["content-type"]), (500, "application/problem+json"))
        told = json.loads(answer.body)
        self.assertEqual((told["status"], told["layer"], told["code"]), (500, "function", "internal"))
        self.assertIn("broken on purpose", told["detail"])
        until(lambda: any("broken on purpose" in line for line in sections(self.replica.log(), "fails")))
        self.assertEqual(self.replica.call(target="/hello").status, 200)

    @can("late")
    def test_an_answer_that_breaks_off_is_never_taken_for_whole(self):
        client = self.client()
        client.request(target="/late")
        self.assertEqual(client.head()[0], 200)
        with self.assertRaises((EOFError, ConnectionError)):
            while client.chunk():
                pass
            self.fail("the answer ended as if it were whole")

    @can("env")
    def test_the_environment_is_the_functions(self):
        self.assertEqual(self.replica.call(target="/env").text.strip(), "info")

    @can("child")
    def test_a_program_that_it_starts_can_be_ended_as_any(self):
        told = dict(line.split(":") for line in self.replica.call(target="/child").text.splitlines())
        kept = int(told["SigBlk"], 16) | int(told["SigIgn"], 16)
        self.assertEqual([one.name for one in (signal.SIGTERM, signal.SIGINT, signal.SIGPIPE) if kept >> (one - 1) & 1], [])

    @can("tmp")
    def test_only_tmp_can_be_written(self):
        self.assertEqual(json.loads(self.replica.call(target="/tmp").body), {"tmp": True, "root": False})

    # --- its life ---

    @can("held")
    def test_sigterm_finishes_the_call_in_flight(self):
        with self.start() as replica:
            idle, busy = self.client(replica), self.client(replica)
            idle.request(target="/hello")
            idle.answer()
            busy.request(target="/held")
            busy.head()
            busy.chunk()
            replica.stop()
            self.assertTrue(idle.is_ended())
            replica.open_gate()
            self.assertEqual(b"".join(iter(busy.chunk, b"")).strip(), b"over")
            self.assertEqual(replica.exit_code(), 0)

    def test_sigterm_ends_it_when_idle(self):
        with self.start() as replica:
            self.assertEqual(replica.call(target="/hello").status, 200)
            replica.stop()
            self.assertEqual(replica.exit_code(), 0)

    @can("load")
    def test_a_handler_that_does_not_load_says_so_in_a_line(self):
        with contextlib.ExitStack() as stack:
            replica = self.start(handler=cannot.WRONG_HANDLER.get(RUNTIME, "nowhere.py:handle"))
            stack.callback(replica.__exit__)
            self.assertEqual(replica.exit_code(), 121)
            self.assertTrue(replica.log()[-1].strip(), replica.log())


class ThroughHearthd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hearthd = World.get().hearthd

    def test_functions_that_differ_in_a_word_can_be_built_at_once(self):
        def deploy(word):
            self.hearthd.fn("deploy", cwd=self.copy_that_says(word), timeout=400)
            return self.hearthd.call(word, "/hello").text

        words = ["first", "other"]
        with ThreadPoolExecutor() as both:
            self.assertEqual([text.strip() for text in both.map(deploy, words)], words)

    def copy_that_says(self, word):
        """The function under the name of the word that it says in the place of `hello`."""
        folder = self.hearthd.folder / "functions" / word
        shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("target"))
        for file in (one for one in folder.rglob("*") if one.is_file()):
            file.write_text(re.sub(r"(?<!/)\bhello\b", word, file.read_text()))
        settings = (folder / "fn.yaml").read_text().replace("conforms\n", f"{word}\n", 1)
        (folder / "fn.yaml").write_text(re.sub("triggers: .*\n", "", settings))
        return folder

    def test_a_call(self):
        answer = self.hearthd.call("conforms", "/hello")
        self.assertEqual((answer.status, answer.text.strip()), (200, "hello"))
        self.assertIn("exec;dur=", answer.headers["Server-Timing"])

    def test_a_cold_start_takes_a_cell_that_is_ready(self):
        def cells():
            return next(iter(self.hearthd.ask("GET", "/v1/info").json()["cells"]), {"ready": 0, "taken": 0})

        wait_for("a cell is ready", lambda: cells()["ready"] > 0, 60)
        taken = cells()["taken"]
        for container in self.hearthd.containers("conforms"):
            self.hearthd.docker.remove(container)
        self.hearthd.await_state("conforms", "cold")
        answer = self.hearthd.call("conforms", "/hello")
        self.assertEqual((answer.status, answer.text.strip()), (200, "hello"))
        self.assertEqual(cells()["taken"], taken + 1)
        tell(f"{RUNTIME}, cold in a cell: {answer.headers['Server-Timing']}")

    @can("echo")
    def test_a_body_both_ways(self):
        body = os.urandom(3 << 20)
        self.assertEqual(self.hearthd.call("conforms", "/echo", "POST", body).body, body)

    @can("params")
    def test_parameters_of_a_route(self):
        answer = call(f"http://{self.hearthd.gateway}/people/a%2Fb/x/y?id=no", headers={
            "Host": "conforms.test", "Hearth-Param-id": "forged", "Hearth-Param-other": "forged"})
        self.assertEqual(json.loads(answer.body), {"id": "a/b", "rest_of": "x/y"})

    @can("log")
    def test_a_line_is_shown_with_its_call(self):
        answer = self.hearthd.call("conforms", "/log")
        call_id = answer.headers["Hearth-Call-Id"]

        def lines():
            shown = self.hearthd.ask("GET", "/v1/namespaces/default/functions/conforms/logs?tail=1000").text
            return [one for one in map(json.loads, shown.splitlines()) if one.get("call") == call_id]

        wait_for("the call's lines are in the log", lambda: len(lines()) >= 2)

    @can("crash")
    def test_a_crash_is_a_502_with_the_reason_and_the_next_call_works(self):
        self.assertEqual(self.hearthd.call("conforms", "/hello").status, 200)
        answer = self.hearthd.call("conforms", "/crash", "POST", b"")
        self.assertEqual((answer.status, problem(answer)["layer"]), (502, "function"))
        wait_for("it answers again", lambda: self.hearthd.call("conforms", "/hello").status == 200, 60)


if __name__ == "__main__":
    unittest.main()
