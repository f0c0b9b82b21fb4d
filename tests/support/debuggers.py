"""Debuggers' clients as editors have them: the Debug Adapter Protocol for debugpy, the inspector's WebSocket for Node."""

import base64
import http.client
import json
import os
import socket
import struct
import time


class Ended(Exception):
    """The other side has closed the connection."""


class Wire:
    """Bytes from a connection, each wait with an end."""

    def __init__(self, port, seconds=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self._rest = b""

    def send(self, data):
        self.socket.sendall(data)

    def until(self, mark):
        while mark not in self._rest:
            self._more()
        found, _, self._rest = self._rest.partition(mark)
        return found

    def exactly(self, size):
        while len(self._rest) < size:
            self._more()
        found, self._rest = self._rest[:size], self._rest[size:]
        return found

    def _more(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionError:
            piece = b""
        if not piece:
            raise Ended
        self._rest += piece

    def close(self):
        self.socket.close()


class Peer:
    """Numbered requests, their answers, and events that come in between."""

    def __init__(self):
        self._number = 0
        self.events = []

    def _await(self, wanted, seconds=60):
        """The first message kept or to come that `wanted` takes."""
        for message in self.events:
            if wanted(message):
                self.events.remove(message)
                return message
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            message = self.receive()
            if wanted(message):
                return message
            self.events.append(message)
        raise AssertionError(f"it did not come within {seconds} s; there were {self.events}")

    def next_number(self):
        self._number += 1
        return self._number


class DebugAdapter(Peer):
    """A client of the Debug Adapter Protocol (microsoft.github.io/debug-adapter-protocol), attached."""

    def __init__(self, port, local, remote="/function"):
        super().__init__()
        self._wire = Wire(port)
        try:
            self.ask("initialize", adapterID="debugpy", clientID="test", pathFormat="path")
            # Its answer comes only after the configuration is done.
            self._attach = self.send("attach", pathMappings=[{"localRoot": str(local), "remoteRoot": remote}])
            self._await(lambda one: one.get("event") == "initialized")
        except Ended:
            self.close()
            raise

    def configured(self):
        self.ask("configurationDone")
        self._answer(self._attach)

    def send(self, command, **arguments):
        number = self.next_number()
        body = json.dumps({"seq": number, "type": "request", "command": command, "arguments": arguments}).encode()
        self._wire.send(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return number

    def receive(self):
        fields = dict(line.split(b": ") for line in self._wire.until(b"\r\n\r\n").split(b"\r\n"))
        return json.loads(self._wire.exactly(int(fields[b"Content-Length"])))

    def _answer(self, number):
        answer = self._await(lambda one: one.get("type") == "response" and one["request_seq"] == number)
        if not answer["success"]:
            raise AssertionError(answer)
        return answer.get("body", {})

    def ask(self, command, **arguments):
        return self._answer(self.send(command, **arguments))

    def event(self, name):
        return self._await(lambda one: one.get("event") == name)["body"]

    def close(self):
        self._wire.close()


class Inspector(Peer):
    """Node's inspector (the Chrome DevTools Protocol) over its WebSocket (RFC 6455), as `node inspect` speaks it."""

    def __init__(self, port):
        super().__init__()
        target, = inspector_page(port, "/json/list")
        path = "/" + target["webSocketDebuggerUrl"].split("/", 3)[3]
        self._wire = Wire(port)
        key = base64.b64encode(os.urandom(16)).decode()
        self._wire.send(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        head = self._wire.until(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise AssertionError(head)

    def send(self, method, **parameters):
        number = self.next_number()
        body = json.dumps({"id": number, "method": method, "params": parameters}).encode()
        mask = os.urandom(4)
        size = len(body)
        length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack(">H", size)
        self._wire.send(b"\x81" + length + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(body)))
        return number

    def receive(self):
        text = b""
        while True:
            first, size = self._wire.exactly(2)
            if size >= 126:
                size, = struct.unpack(">H" if size == 126 else ">Q", self._wire.exactly(2 if size == 126 else 8))
            piece = self._wire.exactly(size)
            if first & 0x0f == 8:
                raise Ended
            text += piece
            if first & 0x80:
                return json.loads(text)

    def ask(self, method, **parameters):
        number = self.send(method, **parameters)
        answer = self._await(lambda one: one.get("id") == number)
        if "error" in answer:
            raise AssertionError(answer)
        return answer["result"]

    def event(self, method, fits=lambda parameters: True):
        return self._await(lambda one: one.get("method") == method and fits(one["params"]))["params"]

    def close(self):
        self._wire.close()


def inspector_page(port, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()
