"""A machine that lacks something: room on the disk, Docker, the permission to use it, a free port. One line each."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from support.docker import ROOT, shared_socket
from support.hearthd import Hearthd, problem, program
from support.waiting import free_port, wait_for

HELLO = """
    def handle(request, context):
        return "hello"
"""


class FullDisk(unittest.TestCase):
    def setUp(self):
        self.disk = Path(tempfile.mkdtemp(prefix="hearth-disk-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.disk, ignore_errors=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(self.disk)], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.disk)], check=True)
        self.hearthd = Hearthd(state_dir=self.disk / "state")
        self.addCleanup(self.hearthd.close)
        self.hearthd.deploy_python("kept", HELLO)
        self.assertEqual(self.hearthd.call("kept").text, "hello")

    def fill(self):
        filler = self.disk / "filler"
        with open(filler, "wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12):
                try:
                    while True:
                        file.write(b"\0" * size)
                except OSError:
                    pass
        return filler

    def assert_refused(self, handler, error, hint):
        done = self.hearthd.deploy_python("next", handler, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        told = [line for line in done.stderr.splitlines() if line.startswith(("error: ", "hint: "))]
        self.assertEqual(len(told), 2, done.stderr)
        self.assertIn(error, told[0])
        self.assertIn(hint, told[1])

    def test_deploys_are_refused_warm_calls_go_on_and_room_mends_it(self):
        hearthd = self.hearthd
        filler = self.fill()
        another = HELLO + "    # another package\n"

        self.assert_refused(another, "No space left on device", "make room on that disk")
        self.assert_refused(HELLO, "the disk is full", "free some space")  # its package is here already
        for _ in range(50):
            self.assertEqual(hearthd.call("kept").text, "hello")
        self.assertIsNone(hearthd.process.poll())

        filler.unlink()
        hearthd.deploy_python("next", another)
        self.assertEqual(hearthd.call("next").text, "hello")

    def test_a_package_larger_than_the_room_leaves_the_room_as_it_was(self):
        hearthd = self.hearthd
        before = shutil.disk_usage(self.disk).free
        folder = hearthd.write("big", {"fn.yaml": "name: big\nruntime: python\nhandler: handler.py:handle\n",
                                       "handler.py": HELLO})
        (folder / "data").write_bytes(os.urandom(9 << 20))
        done = hearthd.fn("deploy", cwd=folder, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn("No space left on device", done.stderr)
        wait_for("the part that came is gone", lambda: shutil.disk_usage(self.disk).free > before - (1 << 20), 10)
        self.assertEqual(hearthd.call("kept").text, "hello")

    def test_a_start_on_a_full_disk_is_one_line_with_the_mend(self):
        self.hearthd.stop()
        filler = self.fill()
        self.hearthd.start(await_ready=False)
        ended = None
        try:
            ended = self.hearthd.process.wait(10)
        except subprocess.TimeoutExpired:
            pass  # it needs no room to serve what is there
        if ended is None:
            self.hearthd.await_ready()
            self.assertEqual(self.hearthd.call("kept").text, "hello")
        else:
            self.assertRegex(self.hearthd.log_text().splitlines()[-1], "^hearthd: .*(disk is full|make room)")
        filler.unlink()
        if ended is not None:
            self.hearthd.start()
        self.assertEqual(self.hearthd.call("kept").text, "hello")


class Lacking(unittest.TestCase):
    """What `hearthd` and `fn up` say where they cannot begin."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="hearth-e2e-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def settings(self, **changed):
        settings = {"gateway": f"127.0.0.1:{free_port()}", "api": f"127.0.0.1:{free_port()}",
                    "state-dir": self.folder / "state", "run-dir": self.folder / "run",
                    "config-dir": self.folder / "config", "docker-socket": shared_socket(), **changed}
        return [f"--{key}={value}" for key, value in settings.items()]

    def run_as(self, user, command):
        before = ["setpriv", f"--reuid={user}", "--regid=65534", "--clear-groups"] if user else []
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "HEARTH_TEMPLATES": str(ROOT / "templates")}
        return subprocess.run(before + command, env=environment, cwd=self.folder, capture_output=True, text=True,
                              timeout=60, check=False)

    def assert_both_tell(self, settings, *words, user=None):
        """hearthd and fn up, each in one line: what is wrong, and its mend."""
        programs = self.programs(user)
        for command in ([programs[0], *settings], [programs[1], "up", *settings]):
            with self.subTest(Path(command[0]).name):
                done = self.run_as(user, command)
                self.assertIn(done.returncode, (3, 4), done)  # refused; not reachable
                lines = [line for line in done.stderr.splitlines() if line]
                self.assertEqual(len(lines), 1 + lines[-1].startswith("hint: "), done.stderr)
                for word in words:
                    self.assertIn(word, done.stderr)

    def programs(self, user):
        """Where that user can run them: a build folder may be root's alone."""
        programs = [program("HEARTH_TEST_HEARTHD", "hearthd"), program("HEARTH_TEST_FN", "fn")]
        if not user:
            return programs
        os.chown(self.folder, int(user), 65534)
        (self.folder / "bin").mkdir()
        return [shutil.copy(one, self.folder / "bin") for one in programs]

    def test_no_docker(self):
        missing = self.folder / "no.sock"
        self.assert_both_tell(self.settings(**{"docker-socket": missing}), "Docker does not answer", str(missing),
                              "start it")

    def test_no_permission_on_dockers_socket(self):
        nobody = str(pwd.getpwnam("nobody").pw_uid)
        with socket.socket(socket.AF_UNIX) as closed:
            path = self.folder / "docker.sock"
            closed.bind(str(path))
            closed.listen()
            path.chmod(0o660)
            self.assert_both_tell(self.settings(**{"docker-socket": path}), "no permission", "Docker", "sudo", user=nobody)

    def test_a_port_in_use(self):
        for which in ("gateway", "api"):
            with self.subTest(which), socket.socket() as taken:
                taken.bind(("127.0.0.1", 0))
                taken.listen()
                address = f"127.0.0.1:{taken.getsockname()[1]}"
                self.assert_both_tell(self.settings(**{which: address}), address, "already in use", "another port")

    def test_a_state_folder_that_cannot_be_made(self):
        closed = self.folder / "closed"
        closed.mkdir(mode=0o500)
        nobody = str(pwd.getpwnam("nobody").pw_uid)
        self.assert_both_tell(self.settings(**{"state-dir": closed / "state"}), str(closed / "state"), "denied", user=nobody)


if __name__ == "__main__":
    unittest.main()
