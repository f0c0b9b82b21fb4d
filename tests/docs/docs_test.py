"""Every command that a page shows is run, page by page, as a reader would from top to bottom."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import uuid
from pathlib import Path

from page import Command, matches, steps
from support.docker import ROOT, Docker, shared_socket
from support.hearthd import program
from support.waiting import free_port

PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("guides/*.md"), *(ROOT / "docs").glob("reference/*.md")])
COMMAND_SECONDS = 180


class Reader:
    """A shell that lives from the first command of a page to its last."""

    def __init__(self, folder, environment):
        self._shell = subprocess.Popen(["bash", "--noprofile", "--norc"], cwd=folder, env=environment, text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       start_new_session=True)

    def run(self, command):
        """What it printed, and its exit code."""
        end = f"end-{uuid.uuid4().hex}"
        self._shell.stdin.write(f"{{ {command}\n}} </dev/null\necho {end} $?\n")
        self._shell.stdin.flush()
        printed = []
        signal.alarm(COMMAND_SECONDS)
        try:
            for line in self._shell.stdout:
                if found := re.fullmatch(rf"(.*){end} (\d+)\n", line, re.S):
                    return "".join(printed) + found[1], int(found[2])
                printed.append(line)
        finally:
            signal.alarm(0)
        raise AssertionError(f"the shell ended in: {command}\n{''.join(printed)}")

    def close(self):
        os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait()
        self._shell.stdin.close()
        self._shell.stdout.close()


class Docs(unittest.TestCase):
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
                            "HEARTH_DOCKER_SOCKET": shared_socket(), "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
        self.addCleanup(self.end_hearthd)
        signal.signal(signal.SIGALRM, self.too_long)

    def too_long(self, *_):
        raise AssertionError(f"a command took longer than {COMMAND_SECONDS} s")

    def end_hearthd(self):
        """Whatever a page leaves is taken away."""
        fn = self.folder / "bin/fn"
        status = subprocess.run([fn, "status", "--output", "json"], env=self.environment, capture_output=True, text=True)
        subprocess.run([fn, "down"], env=self.environment, capture_output=True)
        if found := re.search(r'"installation": ?"([^"]+)"', status.stdout):
            Docker().sweep(found[1])

    def here(self, text):
        """Addresses of the page are those of this test."""
        return text.replace("127.0.0.1:8080", self.gateway).replace("127.0.0.1:8081", self.api)

    def walk(self, page):
        reader = Reader(self.work, self.environment)
        self.addCleanup(reader.close)
        for step in steps(page.read_text()):
            where = f"{page.relative_to(ROOT)}:{step.line}"
            if not isinstance(step, Command):
                folder = Path(reader.run("pwd")[0].strip())
                (folder / step.name).parent.mkdir(parents=True, exist_ok=True)
                (folder / step.name).write_text(step.content)
                continue
            printed, code = reader.run(self.here(step.text))
            wanted = [self.here(line) for line in step.output]
            if wanted and not matches(wanted, printed):
                self.fail(f"{where}: $ {step.text}\nis said to print\n  " + "\n  ".join(wanted) +
                          f"\nand printed (exit code {code})\n  " + printed.replace("\n", "\n  "))
            if not wanted and code != 0:
                self.fail(f"{where}: $ {step.text}\nended with {code}:\n{printed}")


def add_test(page):
    name = re.sub(r"\W+", "_", str(page.relative_to(ROOT)).removesuffix(".md"))
    setattr(Docs, f"test_{name}", lambda self: self.walk(page))


for found in PAGES:
    if any(isinstance(step, Command) for step in steps(found.read_text())):
        add_test(found)


if __name__ == "__main__":
    unittest.main()
