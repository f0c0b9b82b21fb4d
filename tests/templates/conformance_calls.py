"""What a runtime promises a call and its handler, and how it loads and ends, tried on a container's own socket."""

import contextlib
import json
import re
import signal

import cannot
from conforming import RUNTIME, Direct, can
from replica import sections
from support.raw_http import until

CALL = "c-42"
MARKED = [f"Hearth-Call-Id: {CALL}", "Hearth-Deadline-Ms: 5000",
          "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]


class Calls(Direct):
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
