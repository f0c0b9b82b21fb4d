"""Standard output and error whose lines say which call they belong to (docs/reference/container.md)."""

import contextvars
import io
import os
import sys
import threading

# What runs now: an object with `marker` (bytes) and `partial` (unfinished lines by file descriptor), or None.
current_call = contextvars.ContextVar("hearth_call", default=None)

_LONGEST_LINE = 64 * 1024


class Tagged(io.TextIOBase):
    """Writes whole lines, each behind the marker of the call that printed it; outside of calls, what it is given."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, descriptor, buffer):
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self.buffer = buffer

    def fileno(self):
        return self._descriptor

    def writable(self):
        return True

    def write(self, text):
        data = text.encode("utf-8", "backslashreplace")
        call = current_call.get()
        if call is None:
            self._put(data)
            return len(text)
        with self._lock:
            data = call.partial.get(self._descriptor, b"") + data
            end = data.rfind(b"\n") + 1
            if not end and len(data) > _LONGEST_LINE:
                end = len(data)
            call.partial[self._descriptor] = data[end:]
        if end:
            lines = data[:end].splitlines(keepends=True)
            self._put(b"".join(call.marker + line for line in lines) + (b"" if lines[-1].endswith(b"\n") else b"\n"))
        return len(text)

    def finish(self, call):
        """Ends what the call left without a line's end."""
        with self._lock:
            rest = call.partial.pop(self._descriptor, b"")
        if rest:
            self._put(call.marker + rest + b"\n")

    def _put(self, data):
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


def marker_of(call_id):
    return b"\x1f" + call_id.encode() + b"\x1f" if call_id else b""


def install():
    """Puts Tagged in the place of sys.stdout and sys.stderr."""
    sys.stdout = Tagged(1, sys.__stdout__.buffer)
    sys.stderr = Tagged(2, sys.__stderr__.buffer)


def finish(call):
    if call.partial:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, Tagged):
                stream.finish(call)
