"""An answer, and what becomes one."""

import json as _json
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus

REASONS = {status.value: status.phrase for status in HTTPStatus}
# Framing and the connection are the server's to decide.
_OWN_FIELDS = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "trailer", "te", "date"})


class Response:
    """A status, header fields (a mapping, or pairs where one repeats) and a body of any kind a handler may return."""

    def __init__(self, status=200, headers=None, body=b""):
        self.status = status
        self.headers = headers if headers is not None else {}
        self.body = body

    def json(self):
        """The body as the JSON value it will be sent as; for tests."""
        if isinstance(self.body, (bytes, str)):
            return _json.loads(self.body)
        return self.body

    def __repr__(self):
        return f"Response({self.status!r})"


class BadAnswer(TypeError):
    """The handler returned something that cannot be an answer."""


class Failed(Exception):
    """A failure whose message says all: a stack would show nothing but ours."""


class Answer:
    """A head ready to send, and either `data` (bytes) or `pieces` (an iterator or async iterator)."""

    __slots__ = ("status", "fields", "data", "pieces", "length")

    def __init__(self, status, fields, data=None, pieces=None, length=None):
        self.status = status
        self.fields = fields  # encoded header lines, each with its end
        self.data = data
        self.pieces = pieces
        self.length = length  # that the handler promised for `pieces`


def answer_of(result):
    """What a handler returned, as an Answer; raises BadAnswer."""
    if type(result) is dict:  # the commonest first
        return Answer(200, b"content-type: application/json\r\n", _to_json(result))
    status, fields, typed, length = 200, b"", False, None
    if isinstance(result, Response):
        status = result.status
        if not isinstance(status, int) or not 200 <= status <= 599:
            raise BadAnswer(f"a Response's status is a number from 200 to 599, not {status!r}")
        fields, typed, length = _encode_fields(result.headers)
        result = result.body
    elif result is None:
        status = 204
    data, content_type = _body_of(result)
    if not typed and content_type and data != b"":
        fields += b"content-type: " + content_type + b"\r\n"
    if data is not None:
        return Answer(int(status), fields, data)
    return Answer(int(status), fields, None, result, length)


def problem(status, title, detail, layer, code):
    body = {"type": "about:blank", "title": title, "status": status, "code": code, "layer": layer, "detail": detail}
    return Answer(status, b"content-type: application/problem+json\r\n", _json.dumps(body).encode())


def encode_piece(piece):
    if isinstance(piece, str):
        return piece.encode()
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return bytes(piece)
    raise BadAnswer(f"an iterator of an answer gives str or bytes, not {type(piece).__name__}")


def _body_of(result):
    """(data, content type); data is None where `result` is an iterator."""
    if result is None:
        return b"", None
    if isinstance(result, str):
        return result.encode(), b"text/plain; charset=utf-8"
    if isinstance(result, (bytes, bytearray, memoryview)):
        return bytes(result), b"application/octet-stream"
    if isinstance(result, (dict, list, tuple, int, float)):  # bool is an int
        return _to_json(result), b"application/json"
    if isinstance(result, (Iterator, AsyncIterator)):
        return None, b"text/plain; charset=utf-8"
    raise BadAnswer(
        f"the handler returned {type(result).__name__}: return bytes, str, something JSON can say, a Response, None, "
        "or an (async) iterator of str or bytes"
    )


def _to_json(value):
    try:
        return _json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise BadAnswer(f"the handler returned {type(value).__name__} that is not JSON: {error}") from None


def _encode_fields(headers):
    lines, typed, length = [], False, None
    for name, value in headers.items() if hasattr(headers, "items") else headers:
        value = value if isinstance(value, str) else str(value)
        low = name.lower()
        if not name or not name.isascii() or any(c <= " " or c in ':"(),/;<=>?@[\\]{}\x7f' for c in name):
            raise BadAnswer(f"{name!r} is not the name of a header field")
        if "\r" in value or "\n" in value or "\0" in value:
            raise BadAnswer(f"the value of header {name} has a line break in it")
        if low == "content-length":
            length = int(value) if value.isdecimal() else None
        elif low not in _OWN_FIELDS:
            typed = typed or low == "content-type"
            lines.append(f"{name}: {value}\r\n")
    try:
        return "".join(lines).encode("latin-1"), typed, length
    except UnicodeEncodeError as error:
        raise BadAnswer(f"a header's value has a character that HTTP cannot carry: {error}") from None
