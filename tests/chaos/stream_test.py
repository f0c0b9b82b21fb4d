"""Streams through a function: events as they are written, bodies of any size in bounded memory, leavers noticed."""

import http.client
import os
import time
import unittest
from pathlib import Path

from support.cases import HearthdCase, tell
from support.waiting import wait_for

MIB = 1 << 20
UPLOAD_MIB = int(os.environ.get("HEARTH_TEST_UPLOAD_MIB", "256"))
MOST_GROWTH_MIB = 24  # buffers of a few connections; a body that is kept would be ten times that

HANDLER = """
    import asyncio, json
    from hearth import Response

    released = asyncio.Event()
    seen = []
    sent = 0

    async def handle(request, context):
        if request.path == "/events":
            return Response(200, {"Content-Type": "text/event-stream"}, events())
        if request.path == "/release":
            released.set()
            return "released"
        if request.path == "/count":
            return await count(request)
        if request.path == "/send":
            return send(int(request.query["mib"]))
        if request.path == "/sent":
            return sent
        if request.path == "/wait":
            return await wait()
        return json.dumps(seen)

    handle.stream_body = True

    async def events():
        yield "data: first\\n\\n"
        await released.wait()
        yield "data: second\\n\\n"

    async def count(request):
        size = 0
        async for piece in request.stream():
            size += len(piece)
        return str(size)

    async def send(mib):
        global sent
        piece = b"x" * (1 << 20)
        for sent in range(1, mib + 1):
            yield piece

    async def wait():
        seen.append("begun")
        try:
            await asyncio.sleep(50)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise
"""


class Streams(HearthdCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hearthd.deploy_python("streams", HANDLER, "limits: {body: 8Gi, timeout: 5m}")
        cls.hearthd.call("streams")

    def connect(self):
        connection = http.client.HTTPConnection(self.hearthd.gateway, timeout=120)
        self.addCleanup(connection.close)
        return connection

    def test_events_arrive_as_they_are_written(self):
        connection = self.connect()
        connection.request("GET", "/fn/streams/events")
        answer = connection.getresponse()
        self.assertEqual(answer.headers["Content-Type"], "text/event-stream")
        self.assertEqual(answer.readline(), b"data: first\n")  # the second is not written yet
        self.assertEqual(answer.readline(), b"\n")
        self.hearthd.call("streams", "/release")
        self.assertEqual(answer.read(), b"data: second\n\n")

    def peak_growth_mib(self, action):
        """By how much hearthd's resident memory grew at most while `action` ran."""
        Path(f"/proc/{self.hearthd.process.pid}/clear_refs").write_text("5")  # the peak is counted from now
        before = self.hearthd.resident_mib()
        begun = time.monotonic()
        action()
        growth = self.hearthd.resident_mib("VmHWM") - before
        tell(f"{self._testMethodName}: {UPLOAD_MIB} MiB in {time.monotonic() - begun:.1f} s; hearthd's memory "
             f"{before:.1f} MiB before, at most {growth:+.1f} MiB")
        return growth

    def upload(self, headers):
        connection = self.connect()
        piece = os.urandom(MIB)
        connection.request("POST", "/fn/streams/count", (piece for _ in range(UPLOAD_MIB)), headers,
                           encode_chunked="Transfer-Encoding" in headers)
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.read()), (200, str(UPLOAD_MIB * MIB).encode()))

    def test_a_large_upload_does_not_grow_memory(self):
        growth = self.peak_growth_mib(lambda: self.upload({"Content-Length": str(UPLOAD_MIB * MIB)}))
        self.assertLess(growth, MOST_GROWTH_MIB)

    def test_a_large_chunked_upload_does_not_grow_memory(self):
        growth = self.peak_growth_mib(lambda: self.upload({"Transfer-Encoding": "chunked"}))
        self.assertLess(growth, MOST_GROWTH_MIB)

    def test_a_large_answer_does_not_grow_memory(self):
        def download():
            connection = self.connect()
            connection.request("GET", f"/fn/streams/send?mib={UPLOAD_MIB}")
            answer = connection.getresponse()
            size = 0
            while piece := answer.read(MIB):
                size += len(piece)
            self.assertEqual(size, UPLOAD_MIB * MIB)

        self.assertLess(self.peak_growth_mib(download), MOST_GROWTH_MIB)

    def test_an_answer_that_nobody_reads_waits_in_the_function(self):
        connection = self.connect()

        def begin_and_stall():
            connection.request("GET", f"/fn/streams/send?mib={UPLOAD_MIB}")
            answer = connection.getresponse()
            self.assertEqual(answer.read(1), b"x")
            before = 0

            def stalls():
                nonlocal before
                now = self.hearthd.call("streams", "/sent").json()
                before, stalled = now, now == before
                return stalled

            wait_for("the function is stopped by its reader", stalls, 20, between=0.3)
            self.assertLess(before, UPLOAD_MIB / 2)

        self.assertLess(self.peak_growth_mib(begin_and_stall), MOST_GROWTH_MIB)
        connection.close()

    def test_a_client_that_leaves_cancels_its_handler(self):
        connection = self.connect()
        connection.request("GET", "/fn/streams/wait")
        wait_for("the handler runs", lambda: self.seen() == ["begun"], 20)
        connection.close()
        wait_for("the handler was cancelled", lambda: self.seen() == ["begun", "cancelled"], 5)

    def seen(self):
        return self.hearthd.call("streams", "/seen").json()


if __name__ == "__main__":
    unittest.main()
