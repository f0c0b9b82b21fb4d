"""What the image starts: the python runtime's server, whose handler runs the package's executable, a process a call."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys

from hearth import Response, _main
from hearth._load import Handler, LoadError

PIECE = 64 * 1024
TELLS = 64 * 1024  # of status and fields
GRACE = 2.0        # seconds between SIGTERM and SIGKILL for whom the caller left
LAST_LINES = 10


def load(name, folder):
    """The Handler that runs the file `name` of `folder`."""
    name = name or "handler.sh"
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        raise LoadError(f"the package has no file {name}")
    command = [path]
    if not os.access(path, os.X_OK):
        with open(path, "rb") as file:
            first = file.read(2)
        if first != b"#!" and not name.endswith(".sh"):
            raise LoadError(f"{name} is not executable: chmod +x {name}")
        command = interpreter(path) + command
    if shutil.which(command[0]) is None:
        raise LoadError(f"{name} asks for {command[0]}, which the image does not have")

    async def handle(request, context):
        return await Process(command, folder, request, context).answer()

    handle.stream_body = True
    return Handler(handle)


def interpreter(path):
    """Of a script without its executable bit, such as one that was packed on a system that has none."""
    with open(path, "rb") as file:
        first = file.readline(256)
    words = first[2:].decode(errors="replace").split() if first.startswith(b"#!") else []
    return words or ["/bin/sh"]


def variables(request, context):
    """RFC 3875's names, where they mean the same."""
    given = {
        "REQUEST_METHOD": request.method, "PATH_INFO": request.path, "QUERY_STRING": request.raw_query,
        "HEARTH_CALL_ID": context.call_id, "HEARTH_DEADLINE_MS": str(int(context.remaining() * 1000)),
        "TRACEPARENT": context.traceparent,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        # A client's `Proxy` field must not become the variable that programs take their proxy from.
        if key == "PROXY" or not key.replace("_", "").isalnum() or not key.isascii():
            continue
        given[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return {**os.environ, **given}


class Process:
    def __init__(self, command, folder, request, context):
        self._command = command
        self._folder = folder
        self._request = request
        self._context = context
        self._last_lines = []
        self._tasks = []

    async def answer(self):
        """Returns once the process has begun to answer, or is done."""
        told, tells = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                "/bin/sh", "-c", f'exec "$@" 3>/proc/self/fd/{tells}', "sh", *self._command, cwd=self._folder,
                env=variables(self._request, self._context), start_new_session=True, pass_fds=(tells,), limit=PIECE,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        except OSError as error:
            os.close(told)
            raise RuntimeError(f"no process could be started: {error.strerror}") from None
        finally:
            os.close(tells)
        self._tasks = [asyncio.create_task(self._feed()), asyncio.create_task(self._listen())]
        try:
            first = await self._process.stdout.read(PIECE)
            status, headers = self._told(told)
            if not first:
                await self._end()
                self._check()
        except BaseException:
            await self._kill()
            raise
        finally:
            os.close(told)
        return Response(status, headers, self._pieces(first) if first else b"")

    async def _pieces(self, first):
        try:
            piece = first
            while piece:
                yield piece
                piece = await self._process.stdout.read(PIECE)
            await self._end()
            self._check()  # what has begun is broken off: it is not whole
        finally:
            await self._kill()

    async def _feed(self):
        """The request's body to standard input, as it comes; a process need not read it."""
        stdin = self._process.stdin
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            async for piece in self._request.stream():
                stdin.write(piece)
                await stdin.drain()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            stdin.close()
        async for _ in self._request.stream():
            pass

    async def _listen(self):
        """Standard error is the call's log."""
        rest = b""
        while piece := await self._process.stderr.read(PIECE):
            *lines, rest = (rest + piece).split(b"\n")
            if len(rest) > PIECE:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._say(line)
        if rest:
            self._say(rest)

    def _say(self, line):
        text = line.decode(errors="backslashreplace")
        self._last_lines = [*self._last_lines[-LAST_LINES:], text]
        print(text, file=sys.stderr)

    def _told(self, pipe):
        """Status and fields that the process wrote to descriptor 3 before its answer began."""
        os.set_blocking(pipe, False)
        with contextlib.suppress(BlockingIOError):
            text = os.read(pipe, TELLS).decode(errors="replace")
            return self._fields(text)
        return 200, [("Content-Type", "text/plain; charset=utf-8")]

    def _fields(self, text):
        status, headers = 200, []
        for line in filter(None, (line.strip() for line in text.splitlines())):
            name, colon, value = line.partition(":")
            if not colon:
                raise RuntimeError(f"descriptor 3 takes lines like Content-Type: text/html, not {line[:80]!r}")
            if name.strip().lower() == "status":
                number = value.split()[0] if value.split() else ""
                if not number.isdigit():
                    raise RuntimeError(f"Status on descriptor 3 is a number, not {value.strip()[:80]!r}")
                status = int(number)
            else:
                headers.append((name.strip(), value.strip()))
        if not any(name.lower() == "content-type" for name, _ in headers) and status != 204:
            headers.append(("Content-Type", "text/plain; charset=utf-8"))
        return status, headers

    async def _end(self):
        await self._process.wait()
        await self._tasks[1]

    def _check(self):
        code = self._process.returncode
        if code == 0:
            return
        how = f"ended with code {code}" if code > 0 else f"was ended by {signal.Signals(-code).name}"
        words = "\n".join(self._last_lines)
        raise RuntimeError(f"{os.path.basename(self._command[-1])} {how}" + (f": {words[-2000:]}" if words else ""))

    async def _kill(self):
        """Ends what is left of the process and of all that it has started; its last words are still heard."""
        self._tasks[0].cancel()
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._end(), GRACE)
        self._signal(signal.SIGKILL)
        self._tasks[1].cancel()

    def _signal(self, number):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


if __name__ == "__main__":
    _main.main(load)
