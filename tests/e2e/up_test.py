"""`fn up` and `fn down` with the real hearthd: what runs lives on, what cannot start says why in a line."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

from support.calls import call
from support.docker import ROOT, Docker, shared_socket
from support.hearthd import program
from support.waiting import free_port

NOBODY = 65534
HANDLER = "import os\n\ndef handle(request, context): return os.environ['HEARTH_REPLICA']\n"


class Up(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="hearth-up-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.gateway = f"127.0.0.1:{free_port()}"
        self.environment = {**os.environ, "HEARTHD": program("HEARTH_TEST_HEARTHD", "hearthd"),
                            "HEARTH_API": f"127.0.0.1:{free_port()}", "HEARTH_GATEWAY": self.gateway,
                            "HEARTH_STATE_DIR": f"{self.folder}/state", "HEARTH_RUN_DIR": f"{self.folder}/run",
                            "HEARTH_CONFIG_DIR": f"{self.folder}/config", "HEARTH_DOCKER_SOCKET": shared_socket(),
                            # What stands ready comes beside the containers that are counted.
                            "HEARTH_CELLS_MAX": "0", "HEARTH_PARKED_MAX": "0"}
        self.addCleanup(self.fn, "down")

    def fn(self, *words, cwd=None):
        return subprocess.run([program("HEARTH_TEST_FN", "fn"), *words], cwd=cwd, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)

    def test_a_warm_function_outlives_down_and_up(self):
        first = self.fn("up")
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertRegex(first.stdout, rf"hearthd is up \(pid \d+\)\ngateway  http://{self.gateway}\napi      http://")
        installation = json.loads(self.fn("status", "--output", "json").stdout)["installation"]
        self.addCleanup(Docker().sweep, installation)
        self.assertIn("is running already", self.fn("up").stdout)

        function = self.folder / "stays"
        function.mkdir()
        (function / "handler.py").write_text(HANDLER)
        (function / "fn.yaml").write_text("name: stays\nruntime: python\nhandler: handler.py:handle\n")
        deployed = self.fn("deploy", cwd=function)
        self.assertEqual(deployed.returncode, 0, deployed.stderr)
        replica = self.fn("invoke", "stays").stdout

        self.assertEqual(self.fn("down").stdout, "hearthd is down\n")
        self.assertEqual(self.fn("invoke", "stays").returncode, 4)
        self.assertEqual(len(Docker().ids(installation)), 1)
        self.assertEqual(self.fn("up").returncode, 0)
        self.assertEqual(self.fn("invoke", "stays").stdout, replica)
        self.assertEqual(call(f"http://{self.gateway}/fn/stays").text, replica)

        self.assertEqual(self.fn("delete", "stays").returncode, 0)
        self.assertEqual(Docker().ids(installation), set())

    def test_a_user_without_privilege_has_an_installation_of_their_own(self):
        """In the group of Docker's socket, with XDG's folders; nothing of the machine's is touched."""
        home = self.folder / "home"
        home.mkdir()
        os.chown(home, NOBODY, NOBODY)
        for name, variable in (("fn", "HEARTH_TEST_FN"), ("hearthd", "HEARTH_TEST_HEARTHD")):
            shutil.copy(program(variable, name), self.folder / name)  # their own folders may be closed to others
        shutil.copy(Path(program("HEARTH_TEST_HEARTHD", "hearthd")).parent / "launcher/launch", self.folder / "launch")
        shutil.copytree(ROOT / "templates", self.folder / "templates")
        subprocess.run(["chmod", "-R", "a+rX", self.folder / "templates"], check=True)
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "HEARTH_TEMPLATES": f"{self.folder}/templates",
                       **{name: self.environment[name]
                          for name in ("HEARTH_API", "HEARTH_GATEWAY", "HEARTH_DOCKER_SOCKET")}}

        def fn(*words, cwd=home):
            done = subprocess.run([f"{self.folder}/fn", *words], cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=120, check=False, user=NOBODY, group=NOBODY,
                                  extra_groups=[os.stat(shared_socket()).st_gid])
            self.assertEqual(done.returncode, 0, done)
            return done.stdout

        self.addCleanup(fn, "down")
        self.assertIn("hearthd is up", fn("up"))
        self.addCleanup(Docker().sweep, json.loads(fn("status", "--output", "json"))["installation"])
        fn("init", "mine")
        fn("deploy", cwd=home / "mine")
        self.assertEqual(json.loads(fn("invoke", "mine")), {"message": "Hello, world!"})
        self.assertEqual((home / ".config/hearth/token").stat().st_mode & 0o777, 0o600)
        self.assertEqual(fn("delete", "mine"), "deleted mine\n")

    def assert_refused(self, *words):
        outcome = self.fn("up")
        self.assertEqual(outcome.returncode, 4, outcome)
        lines = outcome.stderr.splitlines()
        self.assertTrue(lines[0].startswith("error: hearthd did not start: "), lines)
        self.assertEqual(len(lines), 1, lines)
        for word in words:
            self.assertIn(word, lines[0])
        self.assertEqual(self.fn("down").stdout, "hearthd was not running\n")

    def test_no_docker_is_one_line_with_the_mend(self):
        self.environment["HEARTH_DOCKER_SOCKET"] = f"{self.folder}/no.sock"
        self.assert_refused("Docker", f"{self.folder}/no.sock", ";")

    def test_a_port_in_use_is_one_line_with_the_mend(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.environment["HEARTH_GATEWAY"] = f"127.0.0.1:{taken.getsockname()[1]}"
            self.assert_refused(self.environment["HEARTH_GATEWAY"], "in use", ";")

    def test_a_wrong_setting_is_named(self):
        config = self.folder / "config"
        config.mkdir()
        (config / "hearth.yaml").write_text("max_starts: 4\ngatewey: 1\n")
        self.assert_refused("hearth.yaml:2:1: unknown key gatewey")


if __name__ == "__main__":
    unittest.main()
