"""A shell that lives from the first command of a page to its last, with one job of it going on at a time."""

import os
import re
import signal
import subprocess
import time
import uuid
from pathlib import Path

from page import INTERRUPT, matches
from support.waiting import wait_for

COMMAND_SECONDS = 240
JOB_SECONDS = 60  # until a command that goes on prints what is shown
# Commands that change nothing: what they show may come a moment later, as a log does, so they are asked again.
LOOKS = tuple(f"fn {verb} " for verb in ("calls get", "calls list", "get", "list", "logs", "revisions", "status", "usage"))
LOOKING_SECONDS = 30


class Refuted(AssertionError):
    """The page says something else than what happened."""


class Reader:
    def __init__(self, folder, environment):
        self._shell = subprocess.Popen(["bash", "--noprofile", "--norc"], cwd=folder, env=environment, text=True,
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                       start_new_session=True)
        self._transcripts = Path(environment["HOME"])
        self._job = None
        signal.signal(signal.SIGALRM, self._too_long)

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
        raise Refuted(f"the shell ended in: {command}\n{''.join(printed)}")

    def folder(self):
        return Path(self.run("pwd")[0].strip())

    def take(self, command, text):
        """Types `text`, which is a command of the page, and looks whether what is shown of it comes."""
        if command.goes_on:
            self._job = Job(self, text, self._transcripts / f"job-{command.line}")
            return self._job.show(command.output)
        deadline = time.monotonic() + (LOOKING_SECONDS if f"{text} ".startswith(LOOKS) else 0)
        while True:
            printed, code = self.run(text)
            if code == 0 and (not command.output or matches(command.output, printed)):
                return
            if time.monotonic() >= deadline:
                raise Refuted(told(text, command.output, printed, f"exit code {code}"))
            time.sleep(0.1)

    def look_on(self, more):
        self._job.show(more.output)

    def close(self):
        if self._job:
            self._job.end(signal.SIGKILL)
        os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait()
        self._shell.stdin.close()
        self._shell.stdout.close()

    def _too_long(self, *_):
        raise Refuted(f"a command took longer than {COMMAND_SECONDS} s")


class Job:
    """A command that goes on; all that is shown of it, block by block, is one account."""

    def __init__(self, reader, text, transcript):
        self._reader, self._text, self._transcript = reader, text, transcript
        transcript.touch()
        # With a process group of its own it can be interrupted, as on a terminal.
        self._group = int(reader.run(f"set -m; {{ {text}\n}} >{transcript} 2>&1 & set +m; echo $!")[0])
        self._shown = []
        self._ended = False

    def show(self, lines):
        interrupt = lines.index(INTERRUPT) if INTERRUPT in lines else len(lines)
        before, after = lines[:interrupt], lines[interrupt + 1:]
        self._shown += before
        self._await(lambda: not before or (self._printed() and matches([*self._shown, "…"], self._printed())))
        if interrupt == len(lines):
            return
        self.end(signal.SIGINT)
        self._shown += after
        if not matches([*self._shown, *([] if after else ["…"])], self._printed()):
            raise Refuted(told(self._text, self._shown, self._printed(), "interrupted"))

    def end(self, by):
        if self._ended:
            return
        self._ended = True
        os.killpg(self._group, by)
        self._reader.run(f"wait {self._group}")

    def _printed(self):
        return self._transcript.read_text(errors="replace")

    def _await(self, look):
        try:
            wait_for("", look, JOB_SECONDS, between=0.05)
        except AssertionError:
            raise Refuted(told(self._text, self._shown, self._printed(), "it goes on")) from None


def told(text, wanted, printed, end):
    return "\n  ".join([f"$ {text}\nis said to print", *(wanted or ["…"])]) + "\n  ".join(
        [f"\nand printed ({end})", *printed.splitlines()])
