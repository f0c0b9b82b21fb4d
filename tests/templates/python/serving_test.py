"""How a replica serves: at once, in order, in pieces, and to its end."""

import socket
import threading
import unittest

from replica import Replica
from support.raw_http import until

BODIES = """
import asyncio, hashlib, threading, time

def handle(request, context):
    if request.path == "/sum":
        return {"size": len(request.body), "sha": hashlib.sha256(request.body).hexdigest()}
    if request.path == "/big":
        return b"x" * int(request.query["size"])
    if request.path == "/stream":
        return (b"y" * 65536 for _ in range(int(request.query["pieces"])))
    return request.path
"""
MEET = """
import threading
barrier = threading.Barrier(16)
def handle(request, context):
    barrier.wait(8)
    return "met"
"""
ASYNC = """
import asyncio
state = {"cancelled": 0, "gate": None}
async def handle(request, context):
    if request.path == "/hang":
        print("hanging")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            state["cancelled"] += 1
            raise
    if request.path == "/events":
        async def events():
            try:
                while True:
                    yield "data: tick\\n\\n"
                    await asyncio.sleep(0.001)
            finally:
                state["cancelled"] += 1
        return events()
    return state["cancelled"]
"""
ECHO = """
async def handle(request, context):
    async def pieces():
        async for piece in request.stream():
            yield piece.upper()
    return pieces()
handle.stream_body = True
"""
HELD = """
import os, threading
gate = os.path.join(os.path.dirname(__file__), "gate")
def handle(request, context):
    print("begun")
    import time
    while not os.path.exists(gate) and not context.cancelled:
        time.sleep(0.002)
    print("cancelled" if context.cancelled else "over")
    return b"z" * 3000000
def shutdown():
    print("shut down")
"""
TALK = """
import logging, sys
def handle(request, context):
    print("one\\ntwo")
    print("three", end="")
    print(" and more", file=sys.stderr)
    context.logger.warning("careful")
    return "ok"
print("loaded")
"""


class Serving(unittest.TestCase):
    def start(self, source, **settings):
        return self.enterContext(Replica(source, **settings))

    def client(self, replica):
        client = replica.connect()
        self.addCleanup(client.close)
        return client

    def test_sixteen_plain_handlers_run_at_once(self):
        replica = self.start(MEET)
        clients = [self.client(replica) for _ in range(16)]
        for client in clients:
            client.request()
        self.assertEqual({client.answer().body for client in clients}, {b"met"})

    def test_calls_beyond_the_limit_on_processes_wait_for_a_thread(self):
        limited = """
import threading
started = threading.Thread.start
def start(thread):
    if threading.active_count() > 2:
        raise RuntimeError("can't start new thread")
    started(thread)
threading.Thread.start = start
def handle(request, context):
    return threading.current_thread().name
"""
        replica = self.start(limited)
        clients = [self.client(replica) for _ in range(8)]
        for client in clients:
            client.request()
        self.assertLessEqual({client.answer().text for client in clients}, {"call-1", "call-2"})

    def test_a_promised_length_that_is_not_kept_ends_the_connection(self):
        client = self.client(self.start("""
            from hearth import Response
            def handle(request, context):
                return Response(200, {"Content-Length": "10"}, iter(["abc"]))
            """))
        client.request()
        self.assertEqual(client.head()[1]["content-length"], "10")
        self.assertEqual(client.take(3), b"abc")
        self.assertTrue(client.is_ended())

    def test_a_client_that_waits_for_100_is_told_to_go_on(self):
        client = self.client(self.start(BODIES))
        client.send(b"POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        self.assertEqual(client.head()[0], 100)
        client.send(b"abc")
        self.assertIn('"size":3', client.answer().text)

    def test_a_handler_that_loads_for_long_can_be_stopped(self):
        replica = Replica("import time\nprint('loading')\ntime.sleep(60)\n")
        self.addCleanup(replica.__exit__)
        until(lambda: "loading" in replica.log())
        replica.terminate()
        self.assertEqual(replica.exit_code(), 143)

    def test_pipelined_requests_are_answered_in_order(self):
        client = self.client(self.start(BODIES))
        client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % i for i in range(50)))
        self.assertEqual([client.answer().text for _ in range(50)], [f"/{i}" for i in range(50)])

    def test_large_bodies_both_ways(self):
        client = self.client(self.start(BODIES))
        client.request("POST", "/sum", b"a" * (8 << 20))
        self.assertIn('"size":8388608', client.answer().text)
        client.request(target="/big?size=8388608")
        self.assertEqual(len(client.answer().body), 8 << 20)
        client.request(target="/stream?pieces=100")
        self.assertEqual(len(client.answer().body), 100 * 65536)

    def test_chunked_requests_cut_anywhere(self):
        client = self.client(self.start(BODIES))
        message = (b"POST /sum HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                   b"3;ext=1\r\nabc\r\n4\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n")
        for cut in range(1, len(message)):
            client.send(message[:cut])
            client.send(message[cut:])
            self.assertIn('"size":7', client.answer().text)

    def test_what_is_not_http_is_refused_and_the_connection_ended(self):
        replica = self.start(BODIES)
        for message in [
            b"GET /\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
            b"POST / HTTP/1.1\r\nContent-Length: +3\r\n\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        ]:
            with self.subTest(message):
                client = self.client(replica)
                client.send(message)
                self.assertEqual(client.answer().status, 400)
                self.assertTrue(client.is_ended())

    def test_a_body_streams_through_as_it_arrives(self):
        client = self.client(self.start(ECHO))
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send(b"2\r\nab\r\n")
        status, headers = client.head()
        self.assertEqual((status, headers["connection"]), (200, "close"))  # kept only where no byte can come between
        self.assertEqual(client.chunk(), b"AB")
        client.send(b"2\r\ncd\r\n")
        self.assertEqual(client.chunk(), b"CD")
        client.send(b"0\r\n\r\n")
        self.assertEqual(client.chunk(), b"")
        self.assertTrue(client.is_ended())

    def test_an_answer_before_the_whole_request_promises_no_further_one(self):
        replica = self.start("""
            async def handle(request, context):
                return "enough"
            handle.stream_body = True
            """)
        client = self.client(replica)
        client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        status, headers = client.head()
        self.assertEqual((status, headers.get("connection")), (200, "close"))
        self.assertEqual(client.take(6), b"enough")
        self.assertTrue(client.is_ended())

    def test_a_stream_that_has_arrived_whole_keeps_its_connection(self):
        client = self.client(self.start(ECHO))
        for word in (b"one", b"two"):
            client.request("POST", "/", word)
            status, headers = client.head()
            self.assertEqual((status, headers.get("connection")), (200, None))
            self.assertEqual(b"".join(iter(client.chunk, b"")), word.upper())

    def test_a_caller_that_leaves_cancels_an_async_handler(self):
        replica = self.start(ASYNC)
        leaving = replica.connect()
        leaving.request(target="/hang")
        until(lambda: "hanging" in replica.log())
        leaving.close()
        until(lambda: replica.call().text == "1")

    def test_a_caller_that_leaves_ends_a_stream(self):
        replica = self.start(ASYNC)
        leaving = replica.connect()
        leaving.request(target="/events")
        leaving.head()
        self.assertEqual(leaving.chunk(), b"data: tick\n\n")
        leaving.close()
        until(lambda: replica.call().text == "1")

    def test_a_plain_handler_can_see_that_its_caller_left(self):
        replica = self.start(HELD)
        leaving = replica.connect()
        leaving.request()
        until(lambda: "begun" in replica.log())
        leaving.close()
        until(lambda: "cancelled" in replica.log())

    def test_a_reader_that_does_not_read_holds_a_plain_generator_back(self):
        replica = self.start("""
            import itertools
            def handle(request, context):
                for count in itertools.count(1):
                    yield b"z" * 65536
                    print("piece", count)
            """)
        client = self.client(replica)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.request()
        client.head()
        seen = replica.call(target="/", method="HEAD").status  # the replica still answers others
        self.assertEqual(seen, 200)
        self.assertLess(replica.log().count("piece"), 64)

    def test_sigterm_finishes_what_runs_and_then_shuts_down(self):
        replica = self.start(HELD)
        idle, busy = self.client(replica), self.client(replica)
        busy.request()
        until(lambda: "begun" in replica.log())
        replica.terminate()
        self.assertTrue(idle.is_ended())
        open(f"{replica.folder}/function/gate", "w").close()
        answer = busy.answer()
        self.assertEqual((answer.status, len(answer.body), answer.headers["connection"]), (200, 3000000, "close"))
        self.assertEqual(replica.exit_code(), 0)
        self.assertEqual(replica.log().splitlines()[-2:], ["over", "shut down"])

    def test_lines_printed_during_a_call_bear_its_id(self):
        replica = self.start(TALK)
        self.assertEqual(replica.call(headers=["Hearth-Call-Id: c-9"]).body, b"ok")
        self.assertEqual(sorted(replica.log().splitlines()), sorted([
            "loaded", "\x1fc-9\x1fone", "\x1fc-9\x1ftwo", "\x1fc-9\x1fthree", "\x1fc-9\x1f and more",
            "\x1fc-9\x1fWARNING careful"]))

    def test_a_kept_connection_carries_many_calls(self):
        client = self.client(self.start(BODIES))
        for i in range(200):
            client.request(target=f"/{i}")
            self.assertEqual(client.answer().text, f"/{i}")
        client.send(b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertEqual(client.answer().text, "/last")
        self.assertTrue(client.is_ended())

    def test_calls_beside_each_other_keep_their_lines_apart(self):
        replica = self.start("""
            import threading
            barrier = threading.Barrier(4)
            def handle(request, context):
                for word in ("a", "b", "c"):
                    barrier.wait(8)
                    print(word, end="")
                    print(context.call_id)
                return "ok"
            """)
        calls = [threading.Thread(target=replica.call, kwargs={"headers": [f"Hearth-Call-Id: c{i}"]}) for i in range(4)]
        for call in calls:
            call.start()
        for call in calls:
            call.join()
        self.assertEqual(sorted(replica.log().splitlines()),
                         sorted(f"\x1fc{i}\x1f{word}c{i}" for i in range(4) for word in "abc"))
