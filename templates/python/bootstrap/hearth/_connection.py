"""One connection: requests in order, one call at a time, pipelined ones wait. Lives on the event loop's thread."""

import asyncio

from hearth import _head, _quiet
from hearth._body import BodyStream, ProtocolError
from hearth._calls import Call
from hearth.request import Request
from hearth.response import problem

_MAX_AHEAD = 256 * 1024  # bytes of pipelined requests taken while a call runs
_JOINED = 32 * 1024      # a body up to this size is sent together with its head


class Connection(asyncio.Protocol):
    def __init__(self, server):
        self._server = server
        self._transport = None
        self._buffer = bytearray()
        self._head = None      # of the request that is being read or answered
        self._parts = []       # of its body
        self._stream = None    # in the place of `_parts`, for a handler that reads as it arrives
        self._call = None
        self._answer = None
        self._chunked = False
        self._left = None      # bytes that the answer still owes, where it promised a length
        self._paused = False   # the peer reads slower than we write
        self._waiting = []     # to be called when it has caught up
        self._closing = False

    @property
    def begun(self):
        return self._answer is not None

    @property
    def descriptor(self):
        return self._transport.get_extra_info("socket").fileno()

    # --- asyncio.Protocol ---

    def connection_made(self, transport):
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, error):
        self._server.left(self)
        self._closing = True
        self.resume_writing()
        if self._is_arriving():
            self._stream.fail(ConnectionResetError("the caller left before its request was whole"))
        if self._call is not None:
            self._call.cancel()

    def data_received(self, data):
        self._buffer += data
        if self._is_arriving():
            self._feed_stream()
        elif self._call is None:
            self._advance()
        elif len(self._buffer) > _MAX_AHEAD:
            self._transport.pause_reading()

    def pause_writing(self):
        self._paused = True

    def resume_writing(self):
        self._paused = False
        waiting, self._waiting = self._waiting, []
        for wake in waiting:
            wake()

    # --- requests in ---

    def _advance(self):
        """Reads until a call runs or bytes are missing."""
        try:
            while self._call is None and not self._closing and self._buffer:
                if self._head is None and not self._take_head():
                    return
                if self._call is None and not self._take_body():
                    return
        except ProtocolError as error:
            self._refuse(400, str(error))

    def _take_head(self):
        while self._buffer.startswith(b"\r\n"):  # RFC 9112, 2.2: empty lines before a request
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or end > _head.MAX_HEAD:
            if len(self._buffer) > _head.MAX_HEAD:
                self._refuse(431, "the head is longer than 64 KiB")
            return False
        self._head = _head.parse(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        if _quiet.asked(self._head):
            self._tell(_quiet.answer(self._server))
            return False
        if self._head.body is None:
            self._begin_call(b"")
        else:
            if self._head.expects_continue and not self._buffer:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if self._server.handler.streams_body:
                self._stream = BodyStream(self._transport.resume_reading)
                self._begin_call(self._stream)
                self._feed_stream()
        return True

    def _take_body(self):
        piece, done = self._head.body.take(self._buffer)
        self._parts.append(piece)
        if done:
            body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts = []
            self._begin_call(body)
        return done

    def _feed_stream(self):
        try:
            self._stream.feed(*self._head.body.take(self._buffer))
        except ProtocolError as error:
            self._stream.fail(ConnectionError(str(error)))
            return
        if self._stream.full:
            self._transport.pause_reading()

    def _begin_call(self, body):
        head = self._head
        request = Request(head.method, head.path, head.query, head.headers, body)
        self._call = Call(self._server, self, request)
        self._server.begun()
        self._call.start()

    def _refuse(self, status, why):
        self._tell(problem(status, "Bad Request", why, "client", "invalid"))

    def _tell(self, answer):
        """What no handler is asked for, and the last that is said here."""
        self._head = None
        self.begin(answer)
        self._close()

    # --- answers out: called by Call ---

    def begin(self, answer):
        """Sends the head, and the body where it is whole. True when pieces are to follow."""
        head = self._head
        keep_alive = head is not None and head.keep_alive and not self._server.stopping
        # Whether the rest of the request will come before the answer's end is not known yet, and a connection that is
        # promised and then ended loses the next call.
        keep_alive = keep_alive and not self._is_arriving()
        self._answer = answer
        data, self._chunked = _head.head_of(answer, keep_alive)
        self._closing = self._closing or not keep_alive
        with_body = head is None or _head.has_body(answer, head.method)
        self._left = answer.length if with_body and answer.pieces is not None else None
        if with_body and answer.data:
            if len(answer.data) <= _JOINED:
                data += answer.data
            else:
                self._transport.write(data)
                data = answer.data
        self._transport.write(data)
        self._chunked = self._chunked and with_body
        return with_body and answer.pieces is not None

    def piece(self, data):
        if not data:
            return
        if self._left is not None:
            data = data[: self._left]
            self._left -= len(data)
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def room(self):
        """Returns when the peer has caught up."""
        if self._paused:
            ready = asyncio.get_running_loop().create_future()
            self._waiting.append(lambda: ready.done() or ready.set_result(None))
            await ready

    def when_room(self, wake):
        if self._paused:
            self._waiting.append(wake)
        else:
            wake()

    def end(self, call, complete):
        """The call is over. An answer that broke off ends the connection, so that nobody takes it for whole."""
        self._call = None
        if complete and self._chunked and not self._transport.is_closing():
            self._transport.write(b"0\r\n\r\n")
        if not complete or self._left or self._closing or self._is_arriving() or self._server.stopping:
            self._close()
        self._server.ended()
        self._head = self._answer = self._stream = self._left = None
        self._chunked = False
        if not self._closing:
            self._transport.resume_reading()
            if self._buffer:
                self._advance()

    def _is_arriving(self):
        return self._stream is not None and not self._stream.done

    def close_if_idle(self):
        """Before the replica ends: a call that runs is finished first."""
        if self._call is None:
            self._close()

    def _close(self):
        self._closing = True
        self._transport.close()
