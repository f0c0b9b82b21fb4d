"""WebSockets through hearthd into a container: a kept library at both ends."""

import asyncio
import json
import os
import time
import unittest

import websockets

from support.cases import HearthdCase, tell
from support.waiting import wait_for

DOCKERFILE = """
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3-websockets && rm -rf /var/lib/apt/lists/*
COPY server.py /server.py
CMD ["python3", "-u", "/server.py"]
"""
SERVER = """
import asyncio, json, os
import websockets

async def serve(socket):
    await socket.send(json.dumps({"path": socket.path, "room": socket.request_headers.get("Hearth-Param-room")}))
    async for message in socket:
        if message == "close":
            return await socket.close(4001, "as you like")
        await socket.send(message)

async def main():
    async with websockets.serve(serve, "0.0.0.0", int(os.environ["PORT"]), max_size=None, subprotocols=["chat"]):
        await asyncio.Future()

asyncio.run(main())
"""
SETTINGS = """
name: chat
build: ./Dockerfile
limits: {timeout: 5s, concurrency: 2}
triggers: [{http: {path: "/rooms/{room}"}}]
"""


class WebSockets(HearthdCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.files = {"fn.yaml": SETTINGS, "Dockerfile": DOCKERFILE, "server.py": SERVER}
        cls.hearthd.deploy("chat", cls.files)

    def connect(self, path="/rooms/7", **options):
        return websockets.connect(f"ws://{self.hearthd.gateway}{path}", max_size=None, open_timeout=30, **options)

    async def await_cut(self, socket, seconds):
        """The connection ends, and whoever reads it is told so in the one way that RFC 6455 has for that."""
        with self.assertRaises(websockets.ConnectionClosedError) as cut:
            await asyncio.wait_for(socket.recv(), seconds)
        self.assertIsNone(cut.exception.rcvd, "a Close frame came, from whom?")
        self.assertEqual(socket.close_code, 1006)

    async def talks(self):
        async with self.connect() as socket:
            await socket.recv()
            await socket.send("anew")
            self.assertEqual(await socket.recv(), "anew")

    def in_flight(self):
        return sum(one["in_flight"] for one in self.hearthd.function("chat", "/replicas")["items"])

    def await_in_flight(self, count):
        wait_for(f"{count} in flight", lambda: self.in_flight() == count)

    def test_messages_of_every_kind_come_back(self):
        async def talk():
            async with self.connect(subprotocols=["chat"]) as socket:
                self.assertEqual(json.loads(await socket.recv()), {"path": "/rooms/7", "room": "7"})
                self.assertEqual(socket.subprotocol, "chat")
                for message in ("", "words é", b"", bytes(range(256)), os.urandom(3 << 20), "x" * 100_000):
                    await socket.send(message)
                    self.assertEqual(await socket.recv(), message)
                await socket.send(["in ", "three ", "pieces"])
                self.assertEqual(await socket.recv(), "in three pieces")
                await asyncio.wait_for(await socket.ping(), 10)
                await asyncio.get_running_loop().run_in_executor(None, self.await_in_flight, 1)
                await socket.send("close")
                await socket.wait_closed()
                self.assertEqual((socket.close_code, socket.close_reason), (4001, "as you like"))
        asyncio.run(talk())
        self.await_in_flight(0)

    def test_it_outlives_the_calls_timeout(self):
        async def idle():
            async with self.connect("/fn/chat/any", ping_interval=None) as socket:
                self.assertEqual(json.loads(await socket.recv()), {"path": "/any", "room": None})
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(socket.recv(), 6)
                await socket.send("still here")
                self.assertEqual(await socket.recv(), "still here")
        asyncio.run(idle())

    def test_a_plain_request_is_declined_by_the_server_and_passed_on(self):
        answer = self.hearthd.call("chat", "/")
        self.assertEqual(answer.status, 426, answer)

    def test_a_killed_container_closes_it(self):
        async def lose():
            async with self.connect() as socket:
                await socket.recv()
                for container in self.hearthd.containers("chat"):
                    self.hearthd.docker.kill(container)
                await self.await_cut(socket, 20)
            await self.talks()
        asyncio.run(lose())

    def test_a_new_revision_and_the_end_of_hearthd_close_it_soon(self):
        async def leave(act):
            async with self.connect() as socket:
                await socket.recv()
                began = time.monotonic()
                ended = asyncio.get_running_loop().run_in_executor(None, act)
                await self.await_cut(socket, 60)
                tell(f"closed {time.monotonic() - began:.1f} s after {act.__name__} began")
                await ended

        def a_deploy():
            self.hearthd.deploy("chat", {**self.files, "server.py": SERVER + "\n# changed\n"})
            self.hearthd.call("chat", "/")  # starts what takes over

        def the_end():
            began = time.monotonic()
            self.hearthd.stop()
            self.assertLess(time.monotonic() - began, 8, "an open WebSocket does not use the drain time up")

        asyncio.run(leave(a_deploy))
        asyncio.run(self.talks())
        asyncio.run(leave(the_end))
        self.hearthd.start()
        asyncio.run(self.talks())


if __name__ == "__main__":
    unittest.main()
