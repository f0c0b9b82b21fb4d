"""Every command that a page shows is run, page by page, as a reader would from top to bottom."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from page import Command, File, steps
from reader import Reader, Refuted
from support.docker import ROOT, Docker, shared_socket
from support.hearthd import program
from support.waiting import free_port

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("guides/*.md"), *(ROOT / "docs").glob("reference/*.md")])
# Those that need the image of a runtime which no other page does, run where that runtime's own tests are.
OF_RUNTIMES = {f"docs/reference/{runtime}.md" for runtime in ("cpp", "go", "node", "rust", "shell", "static")}


class Walks(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="hearth-docs-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.gateway, self.api = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        self.work = self.folder / "work"
        (self.folder / "bin").mkdir()
        self.work.mkdir()
        for name, variable in (("fn", "HEARTH_TEST_FN"), ("hearthd", "HEARTH_TEST_HEARTHD")):
            (self.folder / "bin" / name).symlink_to(program(variable, name))
        self.environment = {**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": str(self.folder),
                            "HEARTHD": program("HEARTH_TEST_HEARTHD", "hearthd"), "HEARTH_API": self.api,
                            "HEARTH_GATEWAY": self.gateway, "HEARTH_STATE_DIR": f"{self.folder}/state",
                            "HEARTH_RUN_DIR": f"{self.folder}/run", "HEARTH_CONFIG_DIR": f"{self.folder}/config",
                            "DOCKER_HOST": f"unix://{shared_socket()}", "LC_ALL": "C.UTF-8", "NO_COLOR": "1",
                            "HEARTH_PARKED_MAX": "0"}
        self.addCleanup(self.end_hearthd)

    def end_hearthd(self):
        """Whatever a page leaves is taken away."""
        subprocess.run([self.folder / "bin/fn", "down"], env=self.environment, capture_output=True)
        log = self.folder / "state/hearthd.log"
        for installation in re.findall(r"ready .*installation=(\w+)", log.read_text() if log.exists() else ""):
            Docker().sweep(installation)
        for line in reversed(Path("/proc/mounts").read_text().splitlines()):
            if (place := line.split()[1]).startswith(f"{self.folder}/"):
                subprocess.run(["umount", "-l", place], check=False)

    def here(self, text):
        """Addresses of the page, and the token's file, are those of this test."""
        for said, meant in (("127.0.0.1:8080", self.gateway), ("127.0.0.1:8081", self.api),
                            ("/etc/hearth/token", f"{self.folder}/config/token")):
            text = text.replace(said, meant)
        return text

    def walk(self, page):
        reader = Reader(self.work, self.environment)
        self.addCleanup(reader.close)
        for step in steps(page.read_text()):
            if isinstance(step, File):
                file = reader.folder() / step.name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(self.here(step.content))
                continue
            step.output = [self.here(line) for line in step.output]
            try:
                reader.take(step, self.here(step.text)) if isinstance(step, Command) else reader.look_on(step)
            except Refuted as why:
                raise Refuted(f"{page.relative_to(ROOT)}:{step.line}: {why}") from None


class Docs(Walks):
    """Pages for every reader."""


class RuntimeDocs(Walks):
    """Pages of the runtimes."""


for found in PAGES:
    if any(isinstance(step, Command) for step in steps(found.read_text())):
        path = str(found.relative_to(ROOT))
        setattr(RuntimeDocs if path in OF_RUNTIMES else Docs,
                f"test_{re.sub(r'[^a-zA-Z0-9]+', '_', path.removesuffix('.md'))}", lambda self, page=found: self.walk(page))


if __name__ == "__main__":
    unittest.main()
