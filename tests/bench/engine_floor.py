"""What a start costs with nothing of ours: the Engine API asked to create and start, and the container called."""
import contextlib
import json
import pathlib
import shutil
import tempfile
import time

import wire
from support.docker import _Connection

MOUNTED = "/run/hearth"
PORT = 8080  # that hearthd tells an image to listen on


class Engine:
    """The Engine API on one connection, made before it is needed, as a client who cares for speed has it."""

    def __init__(self, path):
        self._connection = _Connection(path, 60)
        self._connection.connect()

    def ask(self, method, path, body=None):
        text = self.send(method, path, None if body is None else json.dumps(body), "application/json")
        return json.loads(text) if text else None

    def send(self, method, path, body, kind):
        self._connection.request(method, path, body, {"Content-Type": kind})
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text.decode(errors='replace')}")
        return text

    def close(self):
        self._connection.close()


class RawReplica:
    """Containers with the settings that hearthd gave `like`, on Docker's own bridge, made and called by hand."""

    def __init__(self, docker, like):
        self._docker = docker
        found = docker.ask("GET", f"/containers/{like}/json")
        self._config = {**found["Config"], "Labels": {}, "HostConfig": {**found["HostConfig"], "NetworkMode": "bridge"}}
        self._folders = pathlib.Path(tempfile.mkdtemp(prefix="hearth-bench-floor.", dir="/tmp"))
        self._folders.chmod(0o711)
        self._made = []
        env = dict(one.split("=", 1) for one in self._config["Env"])
        self._socket = pathlib.PurePath(env["HEARTH_SOCKET"]).name if "HEARTH_SOCKET" in env else None

    def start(self):
        """Any thread. Milliseconds from create until the first answer was whole. The container goes on."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self._folders))
        folder.chmod(0o777)
        mounts = [{**one, "Source": str(folder)} if one["Target"] == MOUNTED else one
                  for one in self._config["HostConfig"].get("Mounts") or []]
        config = {**self._config, "HostConfig": {**self._config["HostConfig"], "Mounts": mounts}}
        with contextlib.closing(Engine(self._docker.socket)) as engine:
            begun = time.perf_counter()
            container = engine.ask("POST", "/containers/create", config)["Id"]
            self._made.append(container)
            engine.ask("POST", f"/containers/{container}/start")
            first_answer(str(folder / self._socket) if self._socket else address_of(engine, container))
            return (time.perf_counter() - begun) * 1e3

    def remove(self, each=map):
        """Takes away what was started; `each`: another way to call for all of them, such as a pool of threads'."""
        list(each(self._docker.remove, self._made))
        self._made.clear()
        for folder in self._folders.iterdir():
            shutil.rmtree(folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
        shutil.rmtree(self._folders, ignore_errors=True)


def address_of(engine, container):
    networks = engine.ask("GET", f"/containers/{container}/json")["NetworkSettings"]["Networks"]
    return f"{networks['bridge']['IPAddress']}:{PORT}"


def first_answer(address, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        try:
            return wire.call(address, "/")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.0005)
