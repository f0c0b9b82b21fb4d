"""`./dev test` itself: what it does when its minutes are over, and when it is told to end."""
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

CI = pathlib.Path(__file__).resolve().parents[2] / ".ci"
# The suites run as they are, on a tree where nothing has to be installed or built.
SUITES = """
set -euo pipefail
for part in common docker test; do . .ci/dev/$part.sh; done
need() { :; }
build_preset() { :; }
as_root() { "$@"; }
in_test_network() { env "$@"; }
HEARTH_TEST_DOCKER=none verb_test unit engine
"""


class Suites(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.folder / ".ci").symlink_to(CI)

    def start(self, ctest, **variables):
        program = self.folder / "bin/ctest"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{ctest}\n")
        program.chmod(0o755)
        environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", **variables}
        return subprocess.Popen(["bash", "-c", SUITES], cwd=self.folder, env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_minutes_that_are_over_are_counted_and_told(self):
        done = self.start("exit 0", HEARTH_TEST_MINUTES="0")
        output, _ = done.communicate(timeout=20)
        self.assertEqual(done.returncode, 1, output)
        self.assertIn("--- engine: not begun: the minutes of all suites were over", output)
        self.assertEqual(output.splitlines()[-1], "0 passed, 2 failed")

    def test_its_end_is_that_of_the_tests_too(self):
        suites = self.start("case $* in *' engine '*) ;; *) exit 0 ;; esac\n"  # that one's tests stand behind a function
                            f"echo $$ >{self.folder}/new && mv {self.folder}/new {self.folder}/pid\nexec sleep 1000")
        deadline = time.monotonic() + 20
        while not (self.folder / "pid").exists():
            self.assertLess(time.monotonic(), deadline, "the tests do not begin")
            time.sleep(0.02)
        tests = os.pidfd_open(int((self.folder / "pid").read_text()))
        try:
            suites.send_signal(signal.SIGTERM)
            suites.communicate(timeout=20)  # also what the tests hold open
            self.assertEqual(suites.returncode, 130)
            with self.assertRaises(ProcessLookupError, msg="the tests go on"):
                while time.monotonic() < deadline:
                    signal.pidfd_send_signal(tests, 0)
                    time.sleep(0.02)
        finally:
            os.close(tests)


if __name__ == "__main__":
    unittest.main()
