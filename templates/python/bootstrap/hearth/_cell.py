"""A cell: the runtime up, and not yet a function. hearthd says once, at $HEARTH_CELL, which one it is to be."""

import json
import os
import socket
import subprocess
import sys

from hearth._listener import Listener

_PIECE = 64 * 1024
_LONGEST = 4 * 1024 * 1024  # of a handover


class _Wrong(Exception):
    """What came is no handover."""


class Cell:
    """Whoever handed over is on `connection`, and is told when the function listens."""

    def __init__(self, connection):
        self._connection = connection

    def ready(self):
        # Who has left since will look for the socket itself.
        try:
            self._connection.send(b'{"ready": true}\n', socket.MSG_NOSIGNAL)
        except OSError:
            pass


def wait():
    """Returns once this process is a function: with its environment, in its folder. Without a right handover it ends."""
    connection = _accept(os.environ.pop("HEARTH_CELL"))
    try:
        _become(*_read(connection), connection)
    except (_Wrong, OSError) as error:
        print(f"this cell ends: {error}", file=sys.stderr)
        os._exit(1)
    return Cell(connection)


def _accept(path):
    listener = Listener(path)
    with listener.socket:
        listener.publish()
        connection, _ = listener.socket.accept()
    os.unlink(path)
    return connection


def _read(connection):
    """(the handover, what came behind its line)."""
    line = bytearray()
    while b"\n" not in line:
        piece = connection.recv(_PIECE)
        if not piece:
            raise _Wrong("hearthd left before its handover was whole")
        line += piece
        if len(line) > _LONGEST:
            raise _Wrong("its handover has no end")
    line, _, rest = line.partition(b"\n")
    try:
        handover = json.loads(line)
    except ValueError:
        handover = None
    if not _is_right(handover):
        raise _Wrong("what it was handed is no handover")
    return handover, rest


def _is_right(handover):
    return (
        isinstance(handover, dict)
        and isinstance(handover.get("folder"), str)
        and isinstance(handover.get("env"), dict)
        and all(name and "=" not in name and "\0" not in name for name in handover["env"])
        and all(isinstance(value, str) and "\0" not in value for value in handover["env"].values())
        and type(handover.get("package", 0)) is int
        and handover.get("package", 0) >= 0
    )


def _become(handover, rest, connection):
    size = handover.get("package", 0)
    if len(rest) > size:
        raise _Wrong("more came behind its handover")
    if size:
        _unpack(handover["folder"], size, rest, connection)
    os.environ.update(handover["env"])
    os.chdir(handover["folder"])  # anew: what was here before is beneath the package


def _unpack(folder, left, piece, connection):
    command = ["tar", "--extract", "--file=-", "--blocking-factor=128", "--preserve-permissions", f"--directory={folder}"]
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE) as tar:
            tar.stdin.write(piece)
            tar.stdin.flush()
            left -= len(piece)
            while left:
                moved = os.splice(connection.fileno(), tar.stdin.fileno(), left)  # the kernel's own: nothing is copied
                if moved == 0:
                    raise _Wrong("hearthd left before the package was whole")
                left -= moved
    except BrokenPipeError:  # it has said why
        raise _Wrong("the package cannot be unpacked") from None
    if tar.returncode != 0:
        raise _Wrong("the package cannot be unpacked")
