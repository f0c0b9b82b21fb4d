"""Heads of HTTP/1.1 messages: requests read strictly, answers written."""

import time
from email.utils import formatdate

from hearth._body import ChunkedBody, FixedBody, ProtocolError
from hearth.request import Headers
from hearth.response import REASONS

MAX_HEAD = 64 * 1024
_NO_BODY = (204, 304)


class Head:
    """The head of one request: `body` is what will take its body, or None."""

    __slots__ = ("method", "path", "query", "headers", "keep_alive", "body", "expects_continue")


def parse(data):
    """A Head of the bytes before the empty line; raises ProtocolError."""
    first, *lines = data.decode("latin-1").split("\r\n")
    try:
        method, target, version = first.split(" ")
    except ValueError:
        raise ProtocolError("the request line is not METHOD TARGET VERSION") from None
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise ProtocolError(f"version {version[:20]!r} is not HTTP/1.1")
    headers = Headers()
    put, known = dict.__setitem__, headers.keys()
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name[0] in " \t" or name[-1] in " \t":
            raise ProtocolError("a header line is not NAME: VALUE")
        name, value = name.lower(), value.strip(" \t")
        if name in known:
            if name == "content-length":
                raise ProtocolError("two lengths")
            value = dict.__getitem__(headers, name) + (";" if name == "cookie" else ",") + " " + value
        put(headers, name, value)
    head = Head()
    head.method = method
    head.path, _, head.query = target.partition("?")
    head.headers = headers
    connection = headers.get("connection", "").lower()
    head.keep_alive = "close" not in connection and (version == "HTTP/1.1" or "keep-alive" in connection)
    head.body = _body(headers)
    head.expects_continue = head.body is not None and headers.get("expect", "").lower() == "100-continue"
    return head


def _body(headers):
    length, coding = headers.get("content-length"), headers.get("transfer-encoding")
    if coding is not None:
        if length is not None or coding.lower() != "chunked":
            raise ProtocolError("the body's length cannot be known")
        return ChunkedBody()
    if length is None or length == "0":
        return None
    if not length.isascii() or not length.isdecimal() or len(length) > 18:
        raise ProtocolError("the body's length is not a number")
    return FixedBody(int(length))


class _Date:
    """The Date field, made anew once a second."""

    def __init__(self):
        self._second, self._line = 0, b""

    def line(self):
        now = int(time.time())
        if now != self._second:
            self._second, self._line = now, f"date: {formatdate(now, usegmt=True)}\r\n".encode()
        return self._line


_date = _Date()
_status_lines = {status: f"HTTP/1.1 {status} {reason}\r\n".encode() for status, reason in REASONS.items()}


def head_of(answer, keep_alive):
    """(head, chunked): what is sent before `answer`'s body."""
    lines = [_status_lines.get(answer.status) or f"HTTP/1.1 {answer.status} \r\n".encode(), _date.line(), answer.fields]
    chunked = False
    if answer.status in _NO_BODY:
        pass
    elif answer.data is not None:
        lines.append(b"content-length: %d\r\n" % len(answer.data))
    elif answer.length is not None:
        lines.append(b"content-length: %d\r\n" % answer.length)
    else:
        chunked = True
        lines.append(b"transfer-encoding: chunked\r\n")
    lines.append(b"\r\n" if keep_alive else b"connection: close\r\n\r\n")
    return b"".join(lines), chunked


def has_body(answer, method):
    return method != "HEAD" and answer.status not in _NO_BODY
