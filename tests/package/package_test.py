"""The Debian package and the image of hearthd, each on what has nothing else of ours: they deploy and answer."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from support.calls import call
from support.docker import Docker, shared_socket
from support.waiting import free_port, wait_for

FOLDER = Path(os.environ.get("HEARTH_TEST_PACKAGE", ""))
COMPOSE = Path(__file__).resolve().parents[2] / "controller/packaging/compose.yaml"
VERSION = re.search(r"hearth_([\d.]+)_", next(FOLDER.glob("hearth_*.deb")).name)[1]


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=options.pop("timeout", 120), **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}: {done.stdout[-3000:]}")
    return done.stdout


class Package(unittest.TestCase):
    def test_the_package_says_what_it_is_and_brings_what_it_needs(self):
        deb = next(FOLDER.glob("hearth_*.deb"))
        facts = run("dpkg-deb", "--info", deb)
        self.assertIn(f"Version: {VERSION}", facts)
        self.assertRegex(facts, r"Depends: .*libcpprest")
        files = run("dpkg-deb", "--contents", deb)
        for file in ("usr/bin/hearthd", "usr/bin/fn", "usr/share/hearth/templates/python/template.yaml",
                     "usr/share/hearth/templates/base/make", "usr/share/doc/hearth/README.md"):
            self.assertIn(f"./{file}\n", files)
        self.assertNotRegex(files, r"__pycache__|\.pyc\n|/CMakeLists\.txt\n")
        # Nothing that a user on the machine could change, nothing that runs as root for anybody.
        for line in files.splitlines():
            self.assertRegex(line, r"^[d-]rw[x-]r-[x-]r-[x-] root/root ", line)

    def test_the_archive_is_an_oci_image(self):
        archive = next(FOLDER.glob("hearthd-*.oci.tar"))
        seen = json.loads(run("skopeo", "inspect", f"oci-archive:{archive}"))
        self.assertEqual(seen["Os"], "linux")
        config = json.loads(run("skopeo", "inspect", "--config", f"oci-archive:{archive}"))
        self.assertEqual(config["config"]["Entrypoint"], ["hearthd"])


class Compose(unittest.TestCase):
    """hearthd in its container, driven by the fn of another container of the same image."""

    def setUp(self):
        self.docker = Docker(shared_socket())
        self.folder = Path(tempfile.mkdtemp(prefix="hearth-package-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.gateway = f"127.0.0.1:{free_port()}"
        self.api = f"127.0.0.1:{free_port()}"
        self.environment = {**os.environ, "DOCKER_HOST": f"unix://{self.docker.socket}",
                            "COMPOSE_PROJECT_NAME": self.folder.name.replace("_", "-").lower(),
                            "HEARTH_IMAGE": f"hearthd:{VERSION}", "HEARTH_DOCKER_SOCKET": self.docker.socket,
                            "HEARTH_GATEWAY": self.gateway, "HEARTH_API": self.api}
        for name in ("config", "state", "run"):
            self.environment[f"HEARTH_{name.upper()}_DIR"] = str(self.folder / name)
        self.installation = ""
        self.compose("up", "-d")

    def tearDown(self):
        self.compose("down", "--timeout", "20")
        if self.installation:
            self.docker.sweep(self.installation)
        shutil.rmtree(self.folder, ignore_errors=True)

    def compose(self, *words):
        program = ["docker", "compose"] if shutil.which("docker-compose") is None else ["docker-compose"]
        return run(*program, "-f", COMPOSE, *words, env=self.environment)

    def in_image(self, script):
        """A shell of the image as a user's machine: nothing but the package, and the token that hearthd made."""
        mounts = ["-v", f"{self.folder}/config:/etc/hearth:ro"]
        return run("docker", "run", "--rm", "--network", "host", *mounts, "-e", f"HEARTH_API=http://{self.api}",
                   "--entrypoint", "sh", f"hearthd:{VERSION}", "-ec", script, env=self.environment, timeout=240)

    def test_a_function_is_made_deployed_and_called(self):
        wait_for("hearthd is ready", self.is_ready, 60)
        token = (self.folder / "config/token").read_text().strip()
        info = call(f"http://{self.api}/v1/info", headers={"Authorization": f"Bearer {token}"})
        self.installation = info.json()["installation"]
        shown = self.in_image("cd /tmp && fn init hello --runtime python && cd hello && fn deploy && "
                              "fn invoke hello --data '{\"name\": \"Ada\"}'")
        self.assertIn("Hello, Ada", shown)
        answer = call(f"http://{self.gateway}/fn/hello?name=Grace")
        self.assertEqual((answer.status, answer.json()["message"]), (200, "Hello, Grace!"))
        # Another hearthd takes over what lives.
        self.compose("restart", "--timeout", "20")
        wait_for("hearthd is ready again", self.is_ready, 60)
        answer = call(f"http://{self.gateway}/fn/hello")
        self.assertEqual(answer.status, 200)
        self.assertNotIn("cold", answer.headers["Server-Timing"])
        self.in_image("fn delete hello")

    def is_ready(self):
        try:
            return call(f"http://{self.api}/readyz", timeout=5).status == 200
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main()
