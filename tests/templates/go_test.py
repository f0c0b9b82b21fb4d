"""What the go runtime's builder keeps besides what all do: with a newer Go than its base's, and beside another first build."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from starters_test import BASE, build, docker

HANDLER = """package function

import (
	"context"
	"net/http"
)

func Handle(_ context.Context, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }
"""


def newer_go():
    """Where this machine's Go is, that wants a workspace to name its version; nothing where it has none such."""
    if shutil.which("go") is None:
        return None
    root, version = subprocess.run(["go", "env", "GOROOT", "GOVERSION"], check=True, capture_output=True, text=True,
                                   timeout=60).stdout.split()[:2]
    minor = re.match(r"go1\.(\d+)", version)
    return root if minor and int(minor[1]) >= 22 else None


class Builds(unittest.TestCase):
    def run_in_builder(self, script, files, *flags):
        """In the builder's image; `files` are in /given."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return docker("run", "--rm", "-v", f"{folder}:/given:ro", *flags, build("go", "builder", BASE), "sh", "-ec", script,
                          timeout=280)

    @unittest.skipUnless(newer_go(), "this machine has no Go of 1.22 or newer to lend to the builder")
    def test_a_newer_go_takes_what_names_it_and_what_names_none(self):
        files = {"named/handler.go": HANDLER, "named/go.mod": "module named\n\ngo 1.22\n", "bare/handler.go": HANDLER}
        made = self.run_in_builder(
            "for package in named bare; do\n"
            "  rm -rf /function/* /out /tmp/go.work; cp -r /given/$package/. /function\n"
            "  /usr/lib/hearth/build; test -x /out/.hearth/function; echo made $package\n"
            "done", files, "-v", f"{newer_go()}:/newer:ro", "-e", "GOTOOLCHAIN=local",
            "-e", "PATH=/newer/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        self.assertEqual(re.findall("made .*", made), ["made named", "made bare"])

    def test_a_first_build_leaves_another_first_builds_copy_alone(self):
        left = self.run_in_builder(
            "mkdir -p $(seq --format=/cache/go/build.%g 99); cp -r /given/. /function\n"  # under whatever number that runs
            "/usr/lib/hearth/build; test ! -e /cache/go/build/cache\n"
            "rmdir /cache/go/build.*; ls /cache/go", {"handler.go": HANDLER})
        self.assertEqual(left.split(), ["build", "modules"])


if __name__ == "__main__":
    unittest.main()
