"""A hearthd of a test's own: state in a temporary folder, free ports, killed or stopped and started as tests need."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import textwrap
from pathlib import Path

from support.calls import Load, call
from support.docker import Docker
from support.waiting import free_port, wait_for


def program(variable, name):
    path = os.environ.get(variable)
    if not path:
        raise RuntimeError(f"{variable} does not name {name}: run this by ctest, or set it")
    return path


class Hearthd:
    def __init__(self, docker_socket=None, state_dir=None, run_by=(), user=0, **settings):
        """`settings` become flags: stop_grace="1s" → --stop-grace=1s. `run_by`: words before the program, which take
        rights from it; the folder is `user`'s. Returns when it is ready."""
        self.docker = Docker(docker_socket)
        self.folder = Path(tempfile.mkdtemp(prefix="hearth-e2e-", dir="/tmp"))
        self.folder.chmod(0o711)
        os.chown(self.folder, user, -1)
        self.run_by = run_by
        self.state_dir = Path(state_dir or self.folder / "state")
        self.run_dir = self.folder / "run"
        self.config_dir = self.folder / "config"
        self.log = self.folder / "hearthd.log"
        self.gateway = f"127.0.0.1:{free_port()}"
        self.api = f"127.0.0.1:{free_port()}"
        # Cells and parked networks would come beside the containers that a test counts: those that are about them ask for
        # some. Whoever wants to see all others started in cells says how many.
        self.settings = {"stop_grace": "2s", "cells_max": os.environ.get("HEARTH_TEST_CELLS", "0"), "parked_max": "0",
                         **settings}
        self.installation = ""
        self.process = None
        try:
            self.start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    # --- its life ---

    def command(self, **others):
        flags = {"gateway": self.gateway, "api": self.api, "state_dir": self.state_dir, "run_dir": self.run_dir,
                 "config_dir": self.config_dir, "docker_socket": self.docker.socket, **self.settings, **others}
        if "docker_host" in self.settings:
            del flags["docker_socket"]
        return [*self.run_by, program("HEARTH_TEST_HEARTHD", "hearthd"),
                *(f"--{key.replace('_', '-')}={value}" for key, value in flags.items())]

    def start(self, await_ready=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True)
        if await_ready:
            self.await_ready()

    def await_ready(self, seconds=60):
        wait_for("hearthd is ready", self._is_ready, seconds, between=0.01)
        self.installation = self.ask("GET", "/v1/info").json()["installation"]

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"hearthd ended with {self.process.returncode}: {self.log_text()[-2000:]}")
        try:
            return call(f"http://{self.api}/readyz", timeout=5).status == 200
        except OSError:
            return False

    def kill(self):
        """kill -9: nothing of it gets to tidy up."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=40):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(seconds)

    def close(self):
        """Ends it and takes all that it made away."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.installation and self.docker.answers():
            self.docker.sweep(self.installation)
        for mount in reversed(self.mounts()):  # what is inside another goes with it
            subprocess.run(["umount", "-l", mount], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- what it says ---

    def log_text(self):
        return self.log.read_text(errors="replace")

    def ask(self, method, path, body=None, headers=None, timeout=60):
        token = (self.config_dir / "token").read_text().strip()
        return call(f"http://{self.api}{path}", method, body, {"Authorization": f"Bearer {token}", **(headers or {})},
                    timeout)

    def function(self, name, rest=""):
        """GET of a function or of what lies below it; its JSON."""
        answer = self.ask("GET", f"/v1/namespaces/default/functions/{name}{rest}")
        if answer.status != 200:
            raise AssertionError(f"{name}{rest}: {answer}")
        return answer.json()

    def state(self, name):
        return self.function(name)["state"]

    def await_state(self, name, state, seconds=30):
        wait_for(f"{name} is {state}", lambda: self.state(name) == state, seconds, between=0.05)

    def url(self, name, path="/"):
        return f"http://{self.gateway}/fn/{name}{path}"

    def call(self, name, path="/", method="GET", body=None, headers=None, timeout=60):
        return call(self.url(name, path), method, body, headers, timeout)

    def raw(self, path, method="GET", body=None, headers=None, timeout=60):
        """A request to the gateway, whatever is at that path."""
        return call(f"http://{self.gateway}{path}", method, body, headers, timeout)

    def load(self, name, path="/", **options):
        return Load(self.url(name, path), **options)

    # --- deploying, by fn as a user does ---

    def fn(self, *words, cwd=None, check=True, timeout=300):
        done = subprocess.run([program("HEARTH_TEST_FN", "fn"), *words], cwd=cwd, env=self.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)
        if check and done.returncode != 0:
            raise AssertionError(f"fn {' '.join(words)} → {done.returncode}\n{done.stdout}{done.stderr}\n"
                                 f"hearthd's log ends:\n{self.log_text()[-3000:]}")
        return done

    def environment(self):
        return {**os.environ, "HEARTH_CONFIG_DIR": str(self.config_dir), "HEARTH_API": f"http://{self.api}",
                "HEARTH_RUN_DIR": str(self.run_dir), "HEARTH_STATE_DIR": str(self.state_dir)}

    def write(self, name, files):
        """A folder for a function; `files` maps names to text."""
        folder = self.folder / "functions" / name
        shutil.rmtree(folder, ignore_errors=True)
        for file, text in files.items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        return folder

    def deploy(self, name, files, check=True, verify=False):
        """Without `verify` nothing of it is started yet: what a test is about is its first call."""
        return self.fn("deploy", *([] if verify else ["--no-verify"]), cwd=self.write(name, files), check=check)

    def deploy_python(self, name, handler, settings="", check=True, verify=False):
        """`settings` are further lines of fn.yaml."""
        yaml = f"name: {name}\nruntime: python\nhandler: handler.py:handle\n" + textwrap.dedent(settings)
        return self.deploy(name, {"fn.yaml": yaml, "handler.py": handler}, check, verify)

    def delete(self, name):
        return self.ask("DELETE", f"/v1/namespaces/default/functions/{name}")

    # --- what it holds of the machine ---

    def containers(self, name):
        """Of a function: made for it, or cells that became its replicas."""
        became = {record["container"] for record in self.records() if record["function"] == name}
        return self.docker.ids(self.installation, function=name) | became

    def records(self):
        """What hearthd has written down of its replicas and cells."""
        for record in (self.run_dir / "replicas").glob("*/record"):
            try:
                yield json.loads(record.read_text())
            except FileNotFoundError:
                continue

    def mounts(self):
        """Where something is mounted below its run folder."""
        places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        return sorted(place for place in places if place.startswith(f"{self.run_dir}/"))

    def remains(self):
        """What is there of replicas: containers, attachments to networks, folders, mounts. Empty when all are gone."""
        folders = sorted(str(one) for one in (self.run_dir / "replicas").glob("*"))
        found = {"containers": sorted(one["Names"][0] for one in self.docker.containers(self.installation)),
                 "endpoints": sorted(self.docker.endpoints(self.installation)), "folders": folders,
                 "mounts": self.mounts()}
        return {kind: things for kind, things in found.items() if things}

    def await_nothing_left(self, seconds=30):
        try:
            wait_for("nothing is left of any replica", lambda: not self.remains(), seconds, between=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; there is {self.remains()}") from None

    def resident_mib(self, which="VmRSS"):
        return int(re.search(rf"{which}:\s+(\d+) kB", self._status()).group(1)) / 1024

    def threads(self):
        return int(re.search(r"Threads:\s+(\d+)", self._status()).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def _status(self):
        return Path(f"/proc/{self.process.pid}/status").read_text()


def problem(answer):
    """A refusal's document, after a look at its type."""
    assert answer.headers.get("Content-Type", "").startswith("application/problem+json"), answer
    return json.loads(answer.body)
