"""A raw HTTP client over a unix socket: what is on the wire, byte by byte."""

import contextlib
import select
import socket
import time

PATIENCE = 60.0  # a busy machine starts a container in seconds; who is answered waits for nothing


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()


class Client:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method="GET", target="/", body=None, headers=()):
        lines = [f"{method} {target} HTTP/1.1", "Host: greet", *headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))

    def head(self):
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        return int(first.split()[1]), headers

    def answer(self, method="GET"):
        status, headers = self.head()
        if method == "HEAD" or status in (204, 304):
            return Answer(status, headers, b"")
        if "chunked" in headers.get("transfer-encoding", ""):
            return Answer(status, headers, b"".join(iter(self.chunk, b"")))
        return Answer(status, headers, self.take(int(headers["content-length"])))

    def chunk(self):
        while b"\r\n" not in self.buffer:
            self._more()
        size, _, self.buffer = self.buffer.partition(b"\r\n")
        data = self.take(int(size, 16) + 2)
        return data[:-2]

    def take(self, count):
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def is_ended(self):
        """True once the peer has closed, after everything it sent was taken."""
        return not self.buffer and self.socket.recv(1) == b""

    def is_silent(self):
        return not self.buffer and not select.select([self.socket], [], [], 0)[0]

    def _more(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise EOFError("the replica closed the connection")
        self.buffer += data


class Served:
    """What listens at `self.socket_path`."""

    def connect(self):
        return Client(self.socket_path)

    def call(self, method="GET", target="/", body=None, headers=()):
        with contextlib.closing(self.connect()) as client:
            client.request(method, target, body, headers)
            return client.answer(method)


def until(condition):
    """Waits for what another process does, which tells nobody."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen in time")
        time.sleep(0.002)
