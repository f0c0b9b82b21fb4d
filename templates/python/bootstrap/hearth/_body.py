"""Bodies of requests: where they end, and how an async handler reads one that is still arriving."""

import asyncio

MAX_LINE = 8 * 1024  # of a chunk's size, and of a trailer


class ProtocolError(Exception):
    """The peer does not speak HTTP/1.1."""


class FixedBody:
    """The next `length` bytes."""

    def __init__(self, length):
        self._left = length

    def take(self, buffer):
        """(bytes, done): moves what belongs to the body out of `buffer`."""
        piece = bytes(buffer[: self._left])
        del buffer[: len(piece)]
        self._left -= len(piece)
        return piece, self._left == 0


class ChunkedBody:
    """Chunks, their sizes and the trailers behind them (RFC 9112, 7.1)."""

    def __init__(self):
        self._left = 0
        self._state = "size"

    def take(self, buffer):
        pieces = []
        while True:
            if self._state == "data":
                piece = bytes(buffer[: self._left])
                del buffer[: len(piece)]
                pieces.append(piece)
                self._left -= len(piece)
                if self._left:
                    return b"".join(pieces), False
                self._state = "end"
            line = self._line(buffer)
            if line is None:
                return b"".join(pieces), False
            if self._state == "end":
                if line:
                    raise ProtocolError("a chunk is longer than its size says")
                self._state = "size"
            elif self._state == "size":
                self._left = _chunk_size(line)
                self._state = "data" if self._left else "trailer"
            elif not line:
                return b"".join(pieces), True

    @staticmethod
    def _line(buffer):
        end = buffer.find(b"\r\n")
        if end < 0:
            if len(buffer) > MAX_LINE:
                raise ProtocolError("a line of a chunked body is too long")
            return None
        line = bytes(buffer[:end])
        del buffer[: end + 2]
        return line


def _chunk_size(line):
    digits = line.split(b";", 1)[0].strip(b" \t")
    if not digits or len(digits) > 15 or digits.strip(b"0123456789abcdefABCDEF"):
        raise ProtocolError("a chunk's size is not a number")
    return int(digits, 16)


class BodyStream:
    """A body on its way to an async handler; `wanted` is called when the handler has room for more."""

    HIGH = 256 * 1024

    def __init__(self, wanted):
        self._pieces = []
        self._size = 0
        self._wanted = wanted
        self._done = False
        self._failure = None
        self._waiter = None

    @property
    def full(self):
        return self._size >= self.HIGH

    @property
    def done(self):
        return self._done

    def feed(self, piece, done):
        if piece:
            self._pieces.append(piece)
            self._size += len(piece)
        self._done = done
        self._wake()

    def fail(self, error):
        self._failure = error
        self._wake()

    async def read(self):
        """The next piece; empty at the end."""
        while not self._pieces:
            if self._failure is not None:
                raise self._failure
            if self._done:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        pieces, self._pieces, self._size = self._pieces, [], 0
        if not self._done:
            self._wanted()
        return b"".join(pieces)

    def _wake(self):
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
