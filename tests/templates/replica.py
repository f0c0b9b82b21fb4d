"""A container of a function's image as hearthd would start it, its socket within a test's reach."""

import contextlib
import json
import os
import re
import shutil
import socket
import tempfile
from pathlib import Path

from support.raw_http import PATIENCE, Served, until

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
GATE = "gate"  # what a held handler waits for, in /run/hearth


class Replica(Served):
    """Ends with its context. `folder` is the container's /run/hearth. With `cell`, what it runs, it begins as a cell."""

    def __init__(self, docker, image, handler, concurrency=4, env=(), cell=None):
        self.docker = docker
        self.folder = tempfile.mkdtemp(prefix="hearth-replica-", dir="/tmp")
        os.chmod(self.folder, 0o777)
        self.socket_path = f"{self.folder}/fn.sock"
        self.handler = handler
        self.variables = {"HEARTH_HANDLER": handler, "HEARTH_CONCURRENCY": str(concurrency), "HEARTH_FUNCTION": "conforms",
                          "HEARTH_NAMESPACE": "default", "HEARTH_REVISION": "7", "HEARTH_REPLICA": "0000000000000001",
                          "HEARTH_TIMEOUT_MS": "30000", **dict(env)}
        self.is_cell = cell is not None
        given = {"HEARTH_SOCKET": "/run/hearth/fn.sock",
                 **({"HEARTH_CELL": "/run/hearth/cell.sock"} if self.is_cell else self.variables)}
        made = docker.ask("POST", "/containers/create", {
            "Image": image, "User": "65534:65534", "Env": [f"{name}={value}" for name, value in given.items()],
            **({"Entrypoint": cell, "Cmd": []} if self.is_cell else {}),
            "HostConfig": {"Binds": [f"{self.folder}:/run/hearth"], "NetworkMode": "none", "ReadonlyRootfs": True,
                           "Tmpfs": {"/tmp": "size=64m,mode=1777"}, "CapDrop": ["ALL"], "Memory": 512 << 20,
                           "SecurityOpt": ["no-new-privileges"], "PidsLimit": 128, "Init": True}})
        self.id = made["Id"]
        docker.ask("POST", f"/containers/{self.id}/start")

    def __enter__(self):
        if self.is_cell:
            self._hand_over(f"{self.folder}/cell.sock")
        self._await(self.socket_path)
        return self

    def _await(self, path):
        until(lambda: os.path.exists(path) or not self._state()["Running"])
        if not os.path.exists(path):
            raise AssertionError("the replica ended: " + "\n".join(self.log()))

    def _hand_over(self, path):
        self._await(path)
        with socket.socket(socket.AF_UNIX) as hearthd:
            hearthd.settimeout(PATIENCE)
            hearthd.connect(path)
            told = {"env": self.variables, "folder": "/function", "handler": self.handler}
            hearthd.sendall(json.dumps(told).encode() + b"\n")
            if hearthd.makefile("rb").readline() != b'{"ready": true}\n':
                raise AssertionError("the cell ended: " + "\n".join(self.log()))

    def __exit__(self, *_):
        self.docker.remove(self.id)
        shutil.rmtree(self.folder)

    def _state(self):
        return self.docker.ask("GET", f"/containers/{self.id}/json")["State"]

    def log(self):
        """Lines of both streams, in their order."""
        return self.docker.output(self.id).splitlines()

    def open_gate(self):
        with open(f"{self.folder}/{GATE}", "w"):
            pass

    def close_gate(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self.folder}/{GATE}")

    def stop(self):
        """SIGTERM and no more."""
        self.docker.kill(self.id, "SIGTERM")

    def exit_code(self):
        until(lambda: not self._state()["Running"])
        return self._state()["ExitCode"]

    def memory_mib(self):
        used = self.docker.ask("GET", f"/containers/{self.id}/stats?stream=false&one-shot=true")["memory_stats"]
        cache = used.get("stats", {}).get("total_inactive_file", used.get("stats", {}).get("inactive_file", 0))
        return (used["usage"] - cache) / (1 << 20)


def cell_of(runtime):
    """What a cell of the runtime runs, by its template.yaml."""
    words = re.search(r"^cell:\s*\{?command: \[(.*?)\]", (TEMPLATES / runtime / "template.yaml").read_text(), re.M)[1]
    return words.split(", ")


def sections(text, mark):
    """The lines that bear the call's marker, without it."""
    return [line.removeprefix(f"\x1f{mark}\x1f") for line in text if re.match(f"\x1f{mark}\x1f", line)]
