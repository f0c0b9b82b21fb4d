"""The replica's process: load, listen, serve, and on SIGTERM finish what runs."""

import asyncio
import gc
import inspect
import os
import signal
import sys

from hearth import _cell, _common, _debugger, _load, _logs, _warm
from hearth._connection import Connection
from hearth._listener import Listener
from hearth._workers import Workers

_LOADED_AT_ONCE = 50_000  # objects, until garbage is looked for


class Server:
    """What all connections share. Lives on the event loop's thread."""

    def __init__(self):
        self.handler = None
        self.timeout = 30.0  # seconds, where a call does not bring its own
        self.workers = Workers(1)
        self.connections = set()
        self.stopping = False
        self.loop = None
        self.task = None  # serve() itself
        self._server = None
        self._running = 0
        self._idle = None

    @property
    def busy(self):
        return self._running > 0

    def descriptors(self):
        """Of the listener and of all connections."""
        return {socket.fileno() for socket in self._server.sockets} | {one.descriptor for one in self.connections}

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

    async def open(self, listener):
        """Whoever finds the listener is answered while serve() runs."""
        self.loop = asyncio.get_running_loop()
        listener.socket.setblocking(False)
        self._server = await self.loop.create_server(lambda: Connection(self), sock=listener.socket)

    async def serve(self):
        """Until SIGTERM; then calls that run are finished, their answers sent."""
        self.task = asyncio.current_task()
        self._idle = asyncio.Event()
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, stopped.set)
        await stopped.wait()
        self.stopping = True
        self._server.close()
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


class Process:
    """The server and what it runs on."""

    def __init__(self, load):
        self._load = load
        self._server = Server()
        self._policy = asyncio.get_event_loop_policy()
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._listener = None
        self._common = None

    def warm_up(self):
        if self._load is _load.load:
            self._common = _common.Common()
        self._open()
        self._server.handler = _warm.load()
        self._runner.run(_warm.call(self._listener.staging))

    def load(self):
        if self._common is not None:
            self._common.yield_to(os.getcwd())
        try:
            self._server.handler = self._load(os.environ.get("HEARTH_HANDLER", ""), os.getcwd())
        except _load.LoadError as error:
            _load.report(error)
            os._exit(_load.EXIT_CODE)  # whatever threads the module has started
        self._server.workers.size = max(1, int(os.environ.get("HEARTH_CONCURRENCY", "16")))
        self._server.timeout = int(os.environ.get("HEARTH_TIMEOUT_MS", "30000")) / 1000

    def publish(self):
        if self._listener is None or asyncio.get_event_loop_policy() is not self._policy:
            self._runner.close()
            self._runner = asyncio.Runner()  # of the loops that the function may have brought
            self._open()
        self._listener.publish()

    def serve(self):
        self._runner.run(self._server.serve())

    def _open(self):
        self._listener = Listener(os.environ.get("HEARTH_SOCKET"))
        self._runner.run(self._server.open(self._listener))


def main(load=_load.load):
    _logs.install()
    # The first process of a container ignores what it does not handle, and a handler may load for long.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    process = Process(load)
    cell = None
    if "HEARTH_CELL" in os.environ:
        process.warm_up()
        _keep()
        cell = _cell.wait()
    _debugger.open_where_wanted(os.getcwd())
    _with_few_collections(process.load)
    gc.freeze()  # also the little that it left as garbage: to find that takes as long as many an import
    process.publish()
    if cell is not None:
        cell.ready()
    process.serve()
    sys.stdout.flush()
    os._exit(0)  # no thread of a cancelled call holds the replica up


def _with_few_collections(load):
    """What a load makes it mostly keeps, and each collection looks at it again. The function's own settings stay."""
    usual = gc.get_threshold()
    gc.set_threshold(_LOADED_AT_ONCE, *usual[1:])
    load()
    if gc.get_threshold() == (_LOADED_AT_ONCE, *usual[1:]):
        gc.set_threshold(*usual)


def _keep():
    """What is there now lives as long as the process."""
    gc.collect()
    gc.freeze()
