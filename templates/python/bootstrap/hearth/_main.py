"""The replica's process: load, listen, serve, and on SIGTERM finish what runs."""

import asyncio
import gc
import inspect
import os
import signal
import socket
import sys

from hearth import _cell, _debugger, _load, _logs
from hearth._connection import Connection
from hearth._workers import Workers


class Server:
    """What all connections share. Lives on the event loop's thread."""

    def __init__(self, handler, concurrency, timeout):
        self.handler = handler
        self.timeout = timeout  # seconds, where a call does not bring its own
        self.workers = Workers(concurrency)
        self.connections = set()
        self.stopping = False
        self.loop = None
        self._running = 0
        self._idle = None

    def begun(self):
        self._running += 1

    def ended(self):
        self._running -= 1
        self._notice_idle()

    def left(self, connection):
        self.connections.discard(connection)
        self._notice_idle()

    def _notice_idle(self):
        if self.stopping and not self._running and not self.connections:
            self._idle.set()

    async def serve(self, listener):
        """Until SIGTERM; then calls that run are finished, their answers sent."""
        self.loop = asyncio.get_running_loop()
        self._idle = asyncio.Event()
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, stopped.set)
        server = await self.loop.create_server(lambda: Connection(self), sock=listener)
        await stopped.wait()
        self.stopping = True
        server.close()
        for connection in list(self.connections):
            connection.close_if_idle()
        self._notice_idle()
        await self._idle.wait()
        await self._shut_down()

    async def _shut_down(self):
        if callable(self.handler.shutdown):
            result = self.handler.shutdown()
            if inspect.isawaitable(result):
                await result


def listen():
    """A listening socket at $HEARTH_SOCKET; else on $PORT."""
    path = os.environ.get("HEARTH_SOCKET")
    listener = _cell.listen(path) if path else socket.create_server(
        ("0.0.0.0", int(os.environ.get("PORT", "8080"))), backlog=1024)
    listener.setblocking(False)
    return listener


def main(load=_load.load):
    _logs.install()
    # The first process of a container ignores what it does not handle, and a handler may load for long.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    cell = None
    if "HEARTH_CELL" in os.environ:
        gc.collect()
        gc.freeze()
        cell = _cell.wait()
    _debugger.open_where_wanted(os.getcwd())
    try:
        handler = load(os.environ.get("HEARTH_HANDLER", ""), os.getcwd())
    except _load.LoadError as error:
        _load.report(error)
        os._exit(_load.EXIT_CODE)  # whatever threads the module has started
    concurrency = max(1, int(os.environ.get("HEARTH_CONCURRENCY", "16")))
    timeout = int(os.environ.get("HEARTH_TIMEOUT_MS", "30000")) / 1000
    gc.collect()
    gc.freeze()  # what is loaded lives as long as the process
    listener = listen()
    if cell is not None:
        cell.ready()
    asyncio.run(Server(handler, concurrency, timeout).serve(listener))
    sys.stdout.flush()
    os._exit(0)  # no thread of a cancelled call holds the replica up
