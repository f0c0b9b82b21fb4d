"""A way to Docker that can be shut: what goes through it stops at a moment of the test's choice, and not by the clock."""

import contextlib
import re
import socket
import threading
from pathlib import Path


class Gate:
    """Relays the socket `to` at `path`, until a request whose first line matches `hold` comes: nothing passes from then on."""

    def __init__(self, path, to, hold):
        self.path, self._to, self._hold = str(path), to, re.compile(hold, re.M)
        self.shut = threading.Event()
        Path(self.path).unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self._to)
            threading.Thread(target=self._relay, args=(client, engine, self._hold), daemon=True).start()
            threading.Thread(target=self._relay, args=(engine, client, None), daemon=True).start()

    def _relay(self, source, target, hold):
        with contextlib.suppress(OSError):  # one of them is gone
            while piece := source.recv(65536):
                if hold and hold.search(piece):
                    self.shut.set()
                if not self.shut.is_set():
                    target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
