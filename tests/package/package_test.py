"""The Debian package and the image of hearthd, each on what has nothing else of ours: they deploy and answer."""

import contextlib
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
        for file in ("usr/bin/hearthd", "usr/bin/fn", "usr/libexec/hearth/launch",
                     "usr/share/hearth/templates/python/template.yaml",
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


class Contents(unittest.TestCase):
    """What is in the package besides the programs, taken by the programs that it is for."""

    @classmethod
    def setUpClass(cls):
        cls.root = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        run("dpkg-deb", "-x", next(FOLDER.glob("hearth_*.deb")), cls.root)

    def test_manual_pages_render_without_a_warning(self):
        pages = sorted((self.root / "usr/share/man").rglob("*.[1-9]"))
        self.assertEqual([page.name for page in pages], ["fn.1", "hearthd.8"])
        for page, words in zip(pages, ("fn deploy", "--gateway")):
            shown = subprocess.run(["man", "--warnings", "-l", page], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                   env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8"}, timeout=60, check=True)
            self.assertEqual(shown.stderr, "")
            self.assertIn(words, shown.stdout)

    def test_completions_are_where_shells_look_and_are_theirs(self):
        share = self.root / "usr/share"
        for shell, file in (("bash", "bash-completion/completions/fn"), ("zsh", "zsh/vendor-completions/_fn"),
                            ("fish", "fish/vendor_completions.d/fn.fish")):
            run(shell, "-n", share / file)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not on this machine")
    def test_systemd_finds_no_fault_with_the_units(self):
        units = self.root / "units"
        shutil.copytree(self.root / "usr/lib/systemd/system", units)
        self.assertEqual(sorted(unit.name for unit in units.iterdir()),
                         ["hearthd-api.socket", "hearthd-gateway.socket", "hearthd.service"])
        service = units / "hearthd.service"
        service.write_text(service.read_text().replace("ExecStart=", f"ExecStart={self.root}"))  # where hearthd is now
        self.assertEqual(run("systemd-analyze", "verify", "--man=no", *units.iterdir()), "")


class CleanRoot(unittest.TestCase):
    """A Debian that has nothing but the package and what it depends on."""

    def docker(self, *words):
        return ["docker", "--host", f"unix://{shared_socket()}", "run", "--rm", "--network", "none", "--entrypoint", *words]

    def test_tab_completes_in_a_shell_that_sourced_the_packages_completion(self):
        ours, theirs = os.openpty()
        self.addCleanup(os.close, ours)
        command = self.docker("bash", "--interactive", "--tty", f"hearthd:{VERSION}", "--norc")
        shell = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.addCleanup(shell.wait, 30)
        self.addCleanup(os.write, ours, b"\x15exit\n")
        os.set_blocking(ours, False)
        shown = bytearray()

        def shows(pattern):
            with contextlib.suppress(BlockingIOError):
                shown.extend(os.read(ours, 65536))
            return re.search(pattern, shown)

        wait_for("a prompt", lambda: shows(rb"[#$] $"), 60)
        os.write(ours, b"source /usr/share/bash-completion/completions/fn && echo it is $((40 + 2))\n")
        wait_for("it is sourced", lambda: shows(rb"it is 42\s"), 30)
        os.write(ours, b"fn de\t\t")
        wait_for("the commands that begin so", lambda: shows(rb"delete\s+deploy\s+dev"), 30)

    def test_a_purge_leaves_what_users_made_and_says_so(self):
        script = """
            mkdir -p /var/lib/hearth /etc/hearth && echo kept >/var/lib/hearth/state && echo kept >/etc/hearth/token
            dpkg --purge hearth
            echo left: $(find / -xdev '(' -iname '*hearth*' -o -name fn -o -name _fn -o -name 'fn.*' ')')
            cat /var/lib/hearth/state /etc/hearth/token
            """
        said = run(*self.docker("sh", f"hearthd:{VERSION}", "-ec", script))
        self.assertIn("hearth: /var/lib/hearth is left as it is; remove it with: rm -r /var/lib/hearth\n", said)
        self.assertIn("hearth: /etc/hearth is left", said)
        self.assertIn("docker ps -a --filter label=dev.hearth.installation", said)
        left = re.search("left: (.*)", said)[1].split()
        self.assertEqual(sorted(left), ["/etc/hearth", "/var/lib/hearth"])
        self.assertTrue(said.endswith("kept\nkept\n"), said)


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
