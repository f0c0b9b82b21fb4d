"""A request as handlers see it."""

import json as _json
from urllib.parse import parse_qsl, quote, unquote

_PARAMETER = "hearth-param-"


class BadRequest(ValueError):
    """Raised by a handler, or by Request.json(): the caller's fault, answered with 400 and the message."""


class Headers(dict):
    """Header fields by name, whatever its case. Values of a repeated field are joined by commas (RFC 9110, 5.3)."""

    def __init__(self, fields=()):
        super().__init__()
        for name, value in dict(fields).items():
            self[name] = value

    def __setitem__(self, name, value):
        super().__setitem__(name.lower(), value)

    def __getitem__(self, name):
        return super().__getitem__(name.lower())

    def __contains__(self, name):
        return super().__contains__(name.lower())

    def get(self, name, default=None):
        return super().get(name.lower(), default)


class Query(dict):
    """Query parameters; of a repeated one the last value. all(name) has every value, in order."""

    def __init__(self, raw=""):
        self._pairs = parse_qsl(raw, keep_blank_values=True)
        super().__init__(self._pairs)

    def all(self, name):
        return [value for key, value in self._pairs if key == name]


class Request:
    """method, path, query, raw_query, params, headers and body; text, json() and stream() are views of the body.

    The body is whole when the handler is called. An async handler that wants it piece by piece, as it arrives, says so
    by an attribute, `handle.stream_body = True`, and iterates over stream().
    """

    def __init__(self, method="GET", path="/", query="", headers=None, body=b"", *, json=None, params=None):
        if json is not None:
            body = _json.dumps(json).encode()
            headers = {"content-type": "application/json", **(headers or {})}
        if params:
            headers = {**{_PARAMETER + name: quote(value) for name, value in params.items()}, **(headers or {})}
        self.method = method
        self.path = path
        self.raw_query = query if isinstance(query, str) else _encode(query)
        self.headers = headers if isinstance(headers, Headers) else Headers(headers or {})
        self._body = body.encode() if isinstance(body, str) else body
        self._query = None
        self._params = None

    @property
    def params(self):
        """The path's parameters where an HTTP trigger matched: decoded, by name in any case."""
        if self._params is None:
            self._params = Headers({name[len(_PARAMETER):]: unquote(value) for name, value in self.headers.items()
                                    if name.startswith(_PARAMETER)})
        return self._params

    @property
    def query(self):
        if self._query is None:
            self._query = Query(self.raw_query)
        return self._query

    @property
    def body(self):
        if not isinstance(self._body, bytes):
            raise RuntimeError("this handler asked for stream_body: read the body with `async for` over stream()")
        return self._body

    @property
    def text(self):
        """The body as text, in the charset that Content-Type names, else UTF-8."""
        _, _, charset = self.headers.get("content-type", "").partition("charset=")
        charset = charset.split(";")[0].strip(' "') or "utf-8"
        try:
            return self.body.decode(charset)
        except (LookupError, UnicodeDecodeError) as error:
            raise BadRequest(f"the body is not text in {charset}: {error}") from None

    def json(self):
        """The body's JSON value; None when there is no body."""
        if not self.body:
            return None
        try:
            return _json.loads(self.body)
        except ValueError as error:
            raise BadRequest(f"the body is not JSON: {error}") from None

    async def stream(self):
        """The body piece by piece, as it arrives."""
        if isinstance(self._body, bytes):
            if self._body:
                yield self._body
            return
        while piece := await self._body.read():
            yield piece

    def __repr__(self):
        return f"Request({self.method!r}, {self.path!r})"


def _encode(query):
    from urllib.parse import urlencode

    return urlencode(query, doseq=True)
