"""A replica of the python runtime as a process on this machine."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap

from support.raw_http import PATIENCE, Served, until

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
BOOTSTRAP = os.path.join(ROOT, "templates/python/bootstrap/bootstrap.py")


class Replica(Served):
    def __init__(self, source, handler="handler.py:handle", concurrency=16, files=None):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = self._folder.name
        os.mkdir(f"{self.folder}/function")
        for name, text in {"handler.py": source, **(files or {})}.items():
            if text is not None:
                path = os.path.join(self.folder, "function", name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "w") as file:
                    file.write(textwrap.dedent(text))
        self.socket_path = f"{self.folder}/fn.sock"
        self._log = open(f"{self.folder}/log", "w+b")
        self.process = subprocess.Popen(
            [sys.executable, BOOTSTRAP],
            cwd=f"{self.folder}/function",
            env={
                **os.environ, "HEARTH_SOCKET": self.socket_path, "HEARTH_HANDLER": handler,
                "HEARTH_CONCURRENCY": str(concurrency), "HEARTH_FUNCTION": "greet", "HEARTH_NAMESPACE": "default",
                "HEARTH_REVISION": "7", "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdout=self._log, stderr=self._log,
        )

    def __enter__(self):
        until(lambda: os.path.exists(self.socket_path) or self.process.poll() is not None)
        if not os.path.exists(self.socket_path):
            raise AssertionError("the replica ended: " + self.log())
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self._log.close()
        self._folder.cleanup()

    def log(self):
        with open(f"{self.folder}/log", "rb") as file:
            return file.read().decode()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def exit_code(self):
        return self.process.wait(PATIENCE)
