"""One call's process: its standard input and output are the bodies, descriptor 3 takes status and fields, standard error is
its log. All on the event loop's thread."""

import asyncio
import contextlib
import fcntl
import functools
import os
import signal
import subprocess
import sys

from hearth import Response
from hearth.response import Failed, answer_of

PIECE = 64 * 1024
MOST_TOLD = 64 * 1024  # of status and fields
LONGEST_LINE = 64 * 1024
LAST_LINES = 10
LAST_WORDS = 2000
GRACE = 2.0  # seconds between SIGTERM and SIGKILL where the caller left
TELLS = 3
TEXT = ("Content-Type", "text/plain; charset=utf-8")

_living = {}  # pid: the Process that is not reaped yet
_nothing = None


class ProcessFailed(Failed):
    """It ended otherwise than with code 0, or says of its answer what no answer can be."""


def prepare():
    """Keeps descriptor 3, which each process is given as its own."""
    global _nothing
    _nothing = fcntl.fcntl(os.open(os.devnull, os.O_RDWR), fcntl.F_DUPFD_CLOEXEC, TELLS + 1)
    os.dup2(_nothing, TELLS, inheritable=False)


@functools.cache
def _watch(loop):
    loop.add_signal_handler(signal.SIGCHLD, _reap)


def _reap():
    for process in list(_living.values()):
        process.look()


async def _ready(add, remove, descriptor, over):
    """Returns once the descriptor is ready, or the future `over` is done."""
    waiter = asyncio.get_running_loop().create_future()

    def wake(_=None):
        if not waiter.done():
            waiter.set_result(None)

    add(descriptor, wake)
    over.add_done_callback(wake)
    try:
        await waiter
    finally:
        over.remove_done_callback(wake)
        remove(descriptor)


async def _read(descriptor, over):
    """The next bytes; none at the end, which is also where nothing is left once `over` is done, whoever else may hold it."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return os.read(descriptor, PIECE)
        except BlockingIOError:
            if over.done():
                return b""
        await _ready(loop.add_reader, loop.remove_reader, descriptor, over)


async def _write(descriptor, data, over):
    """All of it; BrokenPipeError where nobody reads any more."""
    loop = asyncio.get_running_loop()
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(descriptor, view):]
        except BlockingIOError:
            if over.done():
                raise BrokenPipeError from None
            await _ready(loop.add_writer, loop.remove_writer, descriptor, over)


class Process:
    def __init__(self, command, folder, environment, request):
        self._command = command
        self._folder = folder
        self._environment = environment
        self._request = request
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.create_future()  # once it is reaped
        self._told = bytearray()
        self._begun = False
        self._late = False  # with what it says of its answer
        self._failure = None
        self._last_lines = []

    async def answer(self):
        """Returns once the process has begun to answer, or is done."""
        self._start()
        try:
            first = await self._next()
            if not first:
                await self._end()
            self._hear()
            self._begun = True
            status, fields = self._said()
            answer_of(Response(status, fields))  # what HTTP cannot say is refused while there is a process to end
            unsent = self._request.method == "HEAD" or status in (204, 304)
            while first and unsent:  # it runs to its end all the same
                first = await self._next()
        except BaseException:
            await self._close()
            raise
        return Response(status, fields, self._pieces(first))

    async def _pieces(self, piece):
        try:
            while piece:
                yield piece
                piece = await self._next()
            await self._end()
            self._check()  # what has begun is broken off: it is not whole
        finally:
            await self._close()

    async def _next(self):
        return await _read(self._child.stdout.fileno(), self._ended)

    # --- its life ---

    def _start(self):
        _watch(self._loop)
        self._telling, tells = os.pipe()
        try:
            os.dup2(tells, TELLS)  # nothing else runs on this thread until it is given back
            self._child = subprocess.Popen(
                self._command, cwd=self._folder, env=self._environment, start_new_session=True, pass_fds=(TELLS,), bufsize=0,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except OSError as error:
            os.close(self._telling)
            name = os.path.basename(self._command[-1])
            raise ProcessFailed(f"{name} could not be started: {error.strerror}") from None
        finally:
            os.dup2(_nothing, TELLS, inheritable=False)
            os.close(tells)
        _living[self._child.pid] = self
        os.set_blocking(self._telling, False)
        for stream in (self._child.stdin, self._child.stdout, self._child.stderr):
            os.set_blocking(stream.fileno(), False)
        self._loop.add_reader(self._telling, self._hear)
        self._feeding = asyncio.create_task(self._feed())
        self._logging = asyncio.create_task(self._log())
        self.look()

    def look(self):
        """Reaps it where it has ended. What it has started ends with it, and first: until then its number is no other's."""
        if self._ended.done() or not os.waitid(os.P_PID, self._child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        self._signal(signal.SIGKILL)
        self._child.wait()
        del _living[self._child.pid]
        self._ended.set_result(None)

    def _signal(self, number):
        if not self._ended.done():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._child.pid, number)

    async def _end(self):
        """Returns when it has ended and its last words are heard."""
        await asyncio.wait([self._ended, self._logging])

    def _check(self):
        if self._failure is not None:
            raise self._failure
        code = self._child.returncode
        if code == 0:
            return
        how = f"ended with code {code}" if code > 0 else f"was ended by {_name_of(-code)}"
        words = "\n".join(self._last_lines)[-LAST_WORDS:]
        raise ProcessFailed(f"{os.path.basename(self._command[-1])} {how}" + (f": {words}" if words else ""))

    async def _close(self):
        """Ends what is left of it: asked first, then not."""
        try:
            if not self._ended.done():
                self._signal(signal.SIGTERM)
                await asyncio.wait([self._ended], timeout=GRACE)
                self._signal(signal.SIGKILL)
                await self._end()
        finally:
            self._signal(signal.SIGKILL)
            self._feeding.cancel()
            self._logging.cancel()
            self._loop.remove_reader(self._telling)
            os.close(self._telling)
            self._child.stdout.close()

    # --- what goes in and comes out beside the answer ---

    async def _feed(self):
        """The request's body to standard input, as it comes; a process need not read it."""
        with self._child.stdin as stdin:
            try:
                async for piece in self._request.stream():
                    with contextlib.suppress(BrokenPipeError):
                        await _write(stdin.fileno(), piece, self._ended)
            except ConnectionError:
                self._signal(signal.SIGTERM)  # half a body must not look like a whole one: its end comes after
                await asyncio.wait([self._ended])

    async def _log(self):
        with self._child.stderr as stderr:
            rest = b""
            while piece := await _read(stderr.fileno(), self._ended):
                *lines, rest = (rest + piece).split(b"\n")
                if len(rest) > LONGEST_LINE:
                    lines, rest = [*lines, rest], b""
                for line in lines:
                    self._say(line)
            if rest:
                self._say(rest)

    def _say(self, line):
        text = line.decode(errors="backslashreplace")
        self._last_lines = [*self._last_lines[1 - LAST_LINES:], text[-LAST_WORDS:]]
        sys.stderr.write(text + "\n")

    def _hear(self):
        """Takes what has been written to descriptor 3."""
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._telling, PIECE):
                if self._begun:
                    self._complain_once("what is written to descriptor 3 after the answer began comes too late")
                elif len(self._told) + len(piece) <= MOST_TOLD:
                    self._told += piece
                else:
                    self._failure = ProcessFailed(f"descriptor 3 takes {MOST_TOLD // 1024} KiB of status and fields")
                    self._signal(signal.SIGKILL)
                    return
            self._loop.remove_reader(self._telling)

    def _complain_once(self, words):
        if not self._late:
            print(words, file=sys.stderr)
        self._late = True

    def _said(self):
        """(status, fields) of what it wrote to descriptor 3."""
        if self._failure is not None:
            raise self._failure
        status, fields = 200, []
        for line in self._told.decode("latin-1").split("\n"):
            line = line.strip(" \t\r")
            if not line:
                continue
            name, colon, value = line.partition(":")
            if not colon:
                raise ProcessFailed(f"descriptor 3 takes lines like Content-Type: text/html, not {line[:80]!r}")
            if name.lower() == "status":
                status = _status_of(value.strip())
            else:
                fields.append((name, value.strip()))
        if status not in (204, 304) and not any(name.lower() == "content-type" for name, _ in fields):
            fields.append(TEXT)
        return status, fields


def _status_of(value):
    """Of `404` or `404 Not Found`."""
    number = value.split(" ", 1)[0]
    if number.isascii() and number.isdecimal() and 200 <= int(number) <= 599:
        return int(number)
    raise ProcessFailed(f"Status on descriptor 3 is a number from 200 to 599, not {value[:80]!r}")


def _name_of(number):
    with contextlib.suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"
