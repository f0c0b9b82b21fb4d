"""One HTTP call by a bare socket, timed from the first byte sent to the last byte of the answer."""
import re
import socket
import time

PATIENCE = 120.0


class Timed:
    def __init__(self, seconds, status, head, body):
        self.seconds, self.status, self.head, self.body = seconds, status, head, body

    @property
    def ms(self):
        return self.seconds * 1e3

    def phases(self):
        """Server-Timing's milliseconds, by phase."""
        found = re.search(rb"(?mi)^server-timing:(.*)$", self.head)
        return {name.decode(): float(ms) for name, ms in re.findall(rb"([\w-]+);dur=([\d.]+)", found[1])} if found else {}


def connect(address):
    """`address` is HOST:PORT, or a unix socket's path."""
    if address.startswith("/"):
        made = socket.socket(socket.AF_UNIX)
    else:
        made = socket.socket()
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host, port = address.rsplit(":", 1)
        address = (host, int(port))
    made.settimeout(PATIENCE)
    try:
        made.connect(address)
    except OSError:
        made.close()
        raise
    return made


def call(address, path, expected=200):
    """A call on a new connection; connecting is not in its time. Anything but the expected status ends the bench."""
    with connect(address) as made:
        return call_on(made, path, expected)


def call_on(made, path, expected=200):
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    begun = time.perf_counter()
    made.sendall(request)
    head, body = read_answer(made)
    seconds = time.perf_counter() - begun
    status = int(head.split(b" ", 2)[1])
    if expected and status != expected:
        raise RuntimeError(f"{path} was answered with {status}: {body[:400]!r}")
    return Timed(seconds, status, head, body)


def read_answer(made):
    data = b""
    while b"\r\n\r\n" not in data:
        data += more(made)
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?mi)^content-length:\s*(\d+)", head)
    if length:
        while len(body) < int(length[1]):
            body += more(made)
    elif re.search(rb"(?mi)^transfer-encoding:\s*chunked", head):
        while not body.endswith(b"0\r\n\r\n"):
            body += more(made)
        body = joined(body)
    else:
        raise RuntimeError(f"an answer without a length: {head!r}")
    return head, body


def joined(chunked):
    """The body of small chunked answers."""
    body = b""
    while chunked:
        size, _, chunked = chunked.partition(b"\r\n")
        body += chunked[:int(size, 16)]
        chunked = chunked[int(size, 16) + 2:]
    return body


def more(made):
    data = made.recv(1 << 16)
    if not data:
        raise EOFError("the connection was closed before the answer was whole")
    return data
