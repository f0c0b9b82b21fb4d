"""The Engine API as tests use it, and dockerds of a test's own."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

from support.waiting import wait_for

INSTALLATION = "dev.hearth.installation"
ROOT = Path(__file__).resolve().parents[2]


def shared_socket():
    """The engine that `./dev test` started for tests."""
    path = os.environ.get("HEARTH_TEST_DOCKER", "")
    if not path:
        raise RuntimeError("HEARTH_TEST_DOCKER names no engine's socket: run this by `./dev test e2e`")
    return path


class _Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("docker", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Docker:
    def __init__(self, path=None):
        self.socket = path or shared_socket()

    def ask(self, method, path, body=None, expected=(), timeout=60):
        """The answer's JSON, or its text; statuses of 300 and more that are not `expected` are failures."""
        connection = _Connection(self.socket, timeout)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 300 and answer.status != 304 and answer.status not in expected:
            raise RuntimeError(f"{method} {path}: {answer.status} {text}")
        try:
            return json.loads(text)
        except ValueError:
            return text

    def answers(self):
        try:
            return self.ask("GET", "/_ping", timeout=5) == "OK"
        except (OSError, http.client.HTTPException, RuntimeError):
            return False

    def containers(self, installation, **labels):
        """All containers that bear the installation's label, dead ones too."""
        wanted = [f"{INSTALLATION}={installation}"] + [f"dev.hearth.{key}={value}" for key, value in labels.items()]
        return self.ask("GET", "/containers/json?all=1&filters=" + _filters(label=wanted))

    def ids(self, installation, **labels):
        return {one["Id"] for one in self.containers(installation, **labels)}

    def networks(self, installation):
        return self.ask("GET", "/networks?filters=" + _filters(label=[f"{INSTALLATION}={installation}"]))

    def endpoints(self, installation):
        """Ids of the containers that are attached to the installation's networks."""
        attached = set()
        for network in self.networks(installation):
            attached.update(self.ask("GET", f"/networks/{network['Id']}").get("Containers") or {})
        return attached

    def output(self, container):
        """What a container without a terminal has written so far, to both streams."""
        connection = _Connection(self.socket, 60)
        try:
            connection.request("GET", f"/containers/{container}/logs?stdout=1&stderr=1")
            framed = connection.getresponse().read()
        finally:
            connection.close()
        text, at = b"", 0
        while at + 8 <= len(framed):
            size = int.from_bytes(framed[at + 4:at + 8], "big")
            text += framed[at + 8:at + 8 + size]
            at += 8 + size
        return text.decode(errors="replace")

    def kill(self, container, signal_name="SIGKILL"):
        self.ask("POST", f"/containers/{container}/kill?signal={signal_name}")

    def remove(self, container):
        self.ask("DELETE", f"/containers/{container}?force=1&v=1", expected=(404, 409))

    def events(self, installation, since, until, event):
        """The containers of the installation that `event` happened to, oldest first."""
        told = self.ask("GET", f"/events?since={since:.9f}&until={until:.9f}&filters=" + _filters(
            type=["container"], event=[event], label=[f"{INSTALLATION}={installation}"]))
        text = told if isinstance(told, str) else json.dumps(told)
        return [json.loads(line)["Actor"]["ID"] for line in text.splitlines() if line]

    def sweep(self, installation):
        """Takes away all that bears the installation's name: what a test run leaves of itself."""
        for container in self.containers(installation):
            Freezer(container["Id"]).thaw()  # of a hearthd that was killed
            self.remove(container["Id"])
        for network in self.networks(installation):
            # 403: Docker counts endpoints wrongly now and then, and keeps a network that has none (moby/moby#42119).
            self.ask("DELETE", f"/networks/{network['Id']}", expected=(403, 404))
        ours = [f"hearth-{installation}/*", f"hearth-{installation}/*/*"]
        for image in self.ask("GET", "/images/json?filters=" + _filters(reference=ours)):
            for tag in image["RepoTags"] or []:
                self.ask("DELETE", f"/images/{tag}", expected=(404, 409))
        caches = self.ask("GET", "/volumes?filters=" + _filters(name=[f"hearth-{installation}-cache-"]))
        for cache in caches["Volumes"] or []:
            self.ask("DELETE", f"/volumes/{cache['Name']}", expected=(404, 409))


def _filters(**filters):
    return urllib.parse.quote(json.dumps(filters))


class OwnDockerd:
    """A dockerd that a test may stop and start, with its own data, in a network of its own: only functions with sockets
    can be called on it, unless it is not `apart`. Needs root."""

    def __init__(self, *options, apart=True):
        self.folder = Path(tempfile.mkdtemp(prefix="hearth-dockerd-", dir="/tmp"))
        self.socket = str(self.folder / "docker.sock")
        self.log = self.folder / "log"
        self._options = options
        self._apart = ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh"] if apart else []
        self._process = None
        self.start()

    @property
    def docker(self):
        return Docker(self.socket)

    def start(self):
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(
                [*self._apart, "dockerd", f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec",
                 f"--pidfile={self.folder}/pid", f"--host=unix://{self.socket}", "--storage-driver=overlay2",
                 *self._options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        wait_for("dockerd answers", self._answers_or_died, 60)

    def _answers_or_died(self):
        if self._process.poll() is not None:
            raise RuntimeError("dockerd does not start: " + self.log.read_text(errors="replace")[-2000:])
        return Docker(self.socket).answers()

    def stop(self):
        """Returns when it has ended."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.wait(60)
        self._process = None

    def take_images(self, names, other):
        """Copies images, with their names, from another engine: no network is needed."""
        wanted = "&".join("names=" + urllib.parse.quote(name) for name in names)
        save = subprocess.Popen(["curl", "-sSf", "--unix-socket", other.socket, f"http://docker/images/get?{wanted}"],
                                stdout=subprocess.PIPE)
        load = subprocess.run(["curl", "-sSf", "--unix-socket", self.socket, "-X", "POST", "-H", "Expect:", "-H",
                               "Content-Type: application/x-tar", "-T", "-", "http://docker/images/load"],
                              stdin=save.stdout, stdout=subprocess.DEVNULL, check=False)
        save.stdout.close()
        if save.wait() != 0 or load.returncode != 0:
            raise RuntimeError(f"the images {names} could not be copied")

    def close(self):
        """Ends it, and what a live-restore daemon leaves behind: containers, and mounts below its folder."""
        for container in self.docker.ask("GET", "/containers/json?all=1") if self.docker.answers() else []:
            self.docker.remove(container["Id"])
        self.stop()
        mounts = re.findall(rf"^\S+ \S+ \S+ \S+ ({re.escape(str(self.folder))}/\S+)",
                            Path("/proc/self/mountinfo").read_text(), re.M)
        for mount in reversed(mounts):
            subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


class Freezer:
    """A container's freezer in the kernel, of either version of control groups."""

    def __init__(self, container, root="/sys/fs/cgroup"):
        places = (f"docker/{container}", f"system.slice/docker-{container}.scope")
        version = "" if os.path.exists(f"{root}/cgroup.controllers") else "/freezer"
        self.group = next((group for place in places if os.path.isdir(group := f"{root}{version}/{place}")), None)
        self.second = not version

    def is_frozen(self):
        if self.group is None:
            return False
        with open(f"{self.group}/{'cgroup.events' if self.second else 'freezer.state'}") as file:
            return ("frozen 1" if self.second else "FROZEN") in file.read()

    def thaw(self):
        if self.group is not None:
            with open(f"{self.group}/{'cgroup.freeze' if self.second else 'freezer.state'}", "w") as file:
                file.write("0" if self.second else "THAWED")
