"""One call of the handler: in a thread when it is plain, on the event loop when it is async."""

import asyncio
import contextvars
import inspect
import sys
import threading
import traceback
from collections.abc import AsyncIterator

from hearth import _logs
from hearth.context import Context
from hearth.request import BadRequest
from hearth.response import Answer, BadAnswer, Failed, answer_of, encode_piece, problem

_AHEAD = 4  # pieces of a plain generator that may wait for the event loop


class Call:
    """Made and ended on the event loop's thread. Tells its connection: begin(answer), piece(data), end(complete)."""

    def __init__(self, server, connection, request):
        headers = request.headers
        call_id = headers.get("hearth-call-id", "")
        left = headers.get("hearth-deadline-ms", "")
        self.server = server
        self.connection = connection
        self.request = request
        self.context = Context(
            call_id,
            timeout=int(left) / 1000 if left.isdecimal() else server.timeout,
            traceparent=headers.get("traceparent", ""),
        )
        self.marker = _logs.marker_of(call_id)
        self.partial = {}  # unfinished lines of output
        self.task = None
        self.room = None  # of a plain generator: pieces it may still send ahead

    def start(self):
        if self.server.handler.is_async:
            self._start_task(self._run_async())
        else:
            self.server.workers.submit(Call._run_plain, self)

    def cancel(self):
        """Whoever called has left."""
        self.context.cancelled = True
        if self.task is not None:
            self.task.cancel()
        if self.room is not None:
            self.room.release()

    def _start_task(self, coroutine):
        variables = contextvars.copy_context()
        variables.run(_logs.current_call.set, self)
        self.task = variables.run(self.server.loop.create_task, coroutine)

    # --- async handlers: on the event loop ---

    async def _run_async(self, result=None):
        complete = False
        try:
            if result is None:
                result = self.server.handler.function(self.request, self.context)
            if inspect.isawaitable(result):
                result = await result
            answer = answer_of(result)
            if answer.pieces is None:
                self.connection.begin(answer)
            else:
                await self._send_pieces(answer)
            complete = True
        except BaseException as error:  # also SystemExit: a handler does not end the replica
            if not self.context.cancelled:
                complete = self._fail(error)
        finally:
            _logs.finish(self)
            self.connection.end(self, complete)

    async def _send_pieces(self, answer):
        pieces = answer.pieces if isinstance(answer.pieces, AsyncIterator) else _as_async(answer.pieces)
        try:
            first = await anext(pieces, None)
            first = None if first is None else encode_piece(first)
            if self.connection.begin(answer) and first is not None:
                self.connection.piece(first)
                async for piece in pieces:
                    await self.connection.room()
                    self.connection.piece(encode_piece(piece))
        finally:
            await _close(pieces)

    # --- plain handlers: in a worker's thread ---

    def _run_plain(self):
        contextvars.copy_context().run(self._run_in_thread)

    def _run_in_thread(self):
        _logs.current_call.set(self)
        post = self.server.loop.call_soon_threadsafe
        answer, rest = None, None
        try:
            result = self.server.handler.function(self.request, self.context)
            if inspect.isawaitable(result) or isinstance(result, AsyncIterator):
                post(self._continue_async, result)
                return
            answer = answer_of(result)
            if answer.pieces is not None:
                rest = self._send_from_thread(answer, post)
        except BaseException as error:
            if not self.context.cancelled:
                answer = failure(error)
        if rest is None:
            _logs.finish(self)
            post(self._finish_plain, answer)

    def _send_from_thread(self, answer, post):
        """True once it has told the connection all there is; raises while nothing has been sent."""
        self.room = threading.Semaphore(_AHEAD)
        pieces = answer.pieces
        first = next(pieces, None)
        first = None if first is None else encode_piece(first)
        complete = False
        post(self._begin_from_thread, answer, first)
        try:
            for piece in pieces if not self._is_bodiless(answer) else ():
                self.room.acquire()
                if self.context.cancelled:
                    break
                post(self._piece_from_thread, encode_piece(piece))
            complete = not self.context.cancelled
        except BaseException as error:
            log_failure(error)
        finally:
            _close_plain(pieces)
            _logs.finish(self)
            post(self._end_plain, complete)
        return True

    def _is_bodiless(self, answer):
        return self.request.method == "HEAD" or answer.status in (204, 304)

    # --- what worker threads post to the event loop ---

    def _continue_async(self, result):
        self.server.workers.done()
        if self.context.cancelled and inspect.iscoroutine(result):
            result.close()
        self._start_task(self._run_async(result))

    def _begin_from_thread(self, answer, first):
        if not self.context.cancelled and self.connection.begin(answer) and first is not None:
            self.connection.piece(first)

    def _piece_from_thread(self, piece):
        if not self.context.cancelled:
            self.connection.piece(piece)
        self.connection.when_room(self.room.release)

    def _finish_plain(self, answer):
        if answer is not None and not self.context.cancelled:
            self.connection.begin(answer)
        self._end_plain(answer is not None)

    def _end_plain(self, complete):
        self.server.workers.done()
        self.connection.end(self, complete)

    def _fail(self, error):
        """Answers with the failure where nothing has been sent yet."""
        answer = failure(error)
        if self.connection.begun:
            return False
        self.connection.begin(answer)
        return True


def failure(error):
    """The answer that tells of an exception; its stack goes to the log, never into the answer."""
    if isinstance(error, BadRequest):
        return problem(400, "Bad Request", str(error), "client", "invalid")
    if isinstance(error, BadAnswer):
        print(error, file=sys.stderr)
        return problem(500, "Bad return value", str(error), "function", "internal")
    log_failure(error)
    return problem(500, type(error).__name__, str(error), "function", "internal")


def log_failure(error):
    if isinstance(error, (BadAnswer, Failed)):
        print(error, file=sys.stderr)
        return
    stack = error.__traceback__
    while stack is not None and stack.tb_frame.f_code.co_filename == __file__:
        stack = stack.tb_next
    print("".join(traceback.format_exception(type(error), error, stack)), end="", file=sys.stderr)


async def _as_async(pieces):
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


async def _close(pieces):
    close = getattr(pieces, "aclose", None)
    if close is not None:
        await close()


def _close_plain(pieces):
    close = getattr(pieces, "close", None)
    if close is not None:
        try:
            close()
        except BaseException as error:
            log_failure(error)


__all__ = ["Answer", "Call", "failure"]
