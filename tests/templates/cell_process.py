"""A cell as a process on this machine, its bootstrap started as a container of the runtime would start it."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile

from support.raw_http import PATIENCE, Served, until


class Cell(Served):
    """Ends with its context. `files` are the package, which is at `self.function` only from the handover on."""

    def __init__(self, command, files, variables=()):
        self.folder = tempfile.mkdtemp(prefix="hearth-cell-", dir="/tmp")
        self.function = f"{self.folder}/function"
        self.cell_path = f"{self.folder}/cell.sock"
        self.socket_path = f"{self.folder}/fn.sock"
        self._files = files
        self._log = open(f"{self.folder}/log", "w+b")
        os.mkdir(self.function)
        self.process = subprocess.Popen(
            command, cwd=self.function, stdout=self._log, stderr=self._log,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "HEARTH_CELL": self.cell_path,
                 "HEARTH_SOCKET": self.socket_path, **dict(variables)})

    def __enter__(self):
        try:
            until(lambda: os.path.exists(self.cell_path) or self.process.poll() is not None)
            self.hearthd = socket.socket(socket.AF_UNIX)
            self.hearthd.settimeout(PATIENCE)
            self.hearthd.connect(self.cell_path)
        except OSError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.hearthd.close()
        if os.path.ismount(self.function):
            subprocess.run(["umount", self.function], check=True)
        self._log.close()
        shutil.rmtree(self.folder)

    def log(self):
        with open(f"{self.folder}/log", "rb") as file:
            return file.read().decode()

    def bind(self):
        """The package over the empty folder, whoever has that as his own."""
        os.rename(self.function, f"{self.folder}/beneath")
        os.mkdir(self.function)
        for name, text in self._files.items():
            os.makedirs(os.path.dirname(f"{self.function}/{name}"), exist_ok=True)
            with open(f"{self.function}/{name}", "w") as file:
                file.write(text)
            os.chmod(f"{self.function}/{name}", 0o755)

    def tar(self, before=()):
        """The package as hearthd streams it, with the entries `before` it: (name, what is set of it, content)."""
        package = io.BytesIO()
        with tarfile.open(fileobj=package, mode="w") as tar:
            files = [(name, {"mode": 0o555}, text) for name, text in self._files.items()]
            for name, settings, text in [*before, *files, (".", {"type": tarfile.DIRTYPE, "mode": 0o555}, "")]:
                entry = tarfile.TarInfo(name)
                entry.size = len(text.encode())
                for setting, value in settings.items():
                    setattr(entry, setting, value)
                tar.addfile(entry, io.BytesIO(text.encode()))
        return package.getvalue()

    def limit(self, size):
        """Its folder has no more room than that: memory, as in a container."""
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.function], check=True)

    def line(self, handler, env=(), **more):
        variables = {"HEARTH_HANDLER": handler, "HEARTH_FUNCTION": "greet", "HEARTH_REVISION": "7",
                     "HEARTH_CONCURRENCY": "4", "HEARTH_TIMEOUT_MS": "30000", **dict(env)}
        return json.dumps({"env": variables, "folder": self.function, "handler": handler, **more}).encode() + b"\n"

    def send(self, data):
        self.hearthd.sendall(data)

    def answer(self):
        """All that it ever said, where it ended; else its line."""
        said = b""
        while not said.endswith(b"\n"):
            try:
                piece = self.hearthd.recv(4096)
            except ConnectionResetError:  # it ended without having read all
                piece = b""
            if not piece:
                break
            said += piece
        return said

    def become(self, handler, env=()):
        self.bind()
        self.send(self.line(handler, env))
        if self.answer() != b'{"ready": true}\n':
            raise AssertionError("it did not become a function: " + self.log())

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self):
        return self.process.wait(PATIENCE)
