"""Each starter's own test runs where nothing of Hearth is at work: the language's tools, and the folder that `fn init` made.

The tools are those of the runtime's builder image, so that none need be on this machine.
"""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from support.docker import ROOT, shared_socket
from support.hearthd import program

TEMPLATES = Path(os.environ.get("HEARTH_TEMPLATES", ROOT / "templates"))
BASE = "debian:bookworm-slim"
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
# A starter → the template whose builder has its tools, and the commands that its page names.
COMMANDS = {
    "python": ("python", "python3 -m unittest -q test_handler"),
    "node": ("node", "node --test"),
    "typescript": ("node", "npm install --no-fund --no-audit --silent && npm test && npm run check"),
    "go": ("go", "go vet ./... && go test ./..."),
    "cpp": ("cpp", "g++ -std=c++20 -Wall -Wextra -Werror handler.cpp handler_test.cpp -o handler_test && ./handler_test"),
    "rust": ("rust", "/usr/lib/hearth/cargo test --locked --quiet"),
    "shell": ("shell", "sh test.sh"),
    "static": ("static", "sh check.sh"),
}
MADE_ON = {"shell": "python"}  # as template.yaml's `on` has it


def docker(*words, **options):
    done = subprocess.run(["docker", *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "DOCKER_HOST": f"unix://{shared_socket()}"}, **options)
    if done.returncode != 0:
        raise AssertionError(f"docker {' '.join(words)}\n{done.stdout[-4000:]}")
    return done.stdout


def build(template, stage, base):
    """The image's name: BuildKit takes an id for that of a repository."""
    name = f"hearth-tested/{template}-{stage}"
    with tempfile.TemporaryDirectory(prefix="hearth-context-", dir="/tmp") as context:
        # What hearthd adds to the context of those that ask for it.
        shutil.copytree(TEMPLATES / template, context, dirs_exist_ok=True, symlinks=True)
        shutil.copy(program("HEARTH_TEST_LAUNCHER", "the launcher"), Path(context) / "launch")
        docker("build", "-q", "-t", name, "--target", stage, "--build-arg", f"BASE={base}", context, timeout=280)
    return name


class Starters(unittest.TestCase):
    def check(self, name):
        template, command = COMMANDS[name]
        base = build(MADE_ON[template], "run", BASE) if template in MADE_ON else BASE
        image = build(template, "builder", base)
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([program("HEARTH_TEST_FN", "fn"), "init", "first", "--runtime", name], cwd=folder, check=True,
                           capture_output=True, timeout=30)
            docker("run", "--rm", "-v", f"{Path(folder) / 'first'}:/first", "-w", "/first", "-v", f"{AUTHORITIES}:/ca.crt:ro",
                   "-e", "SSL_CERT_FILE=/ca.crt", "-e", "NODE_EXTRA_CA_CERTS=/ca.crt", "-e", "NODE_ENV=development",
                   "-e", "CARGO_HTTP_CAINFO=/ca.crt", image, "sh", "-ec", command, timeout=420)


for starter in COMMANDS:
    setattr(Starters, f"test_{starter}", lambda self, name=starter: self.check(name))


if __name__ == "__main__":
    unittest.main()
