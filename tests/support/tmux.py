"""A terminal that a test types into and looks at: tmux, on a server of its own."""

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from support.waiting import wait_for


class Terminal:
    def __init__(self, command, environment=None, columns=110, rows=30, cwd="/"):
        self.folder = Path(tempfile.mkdtemp(prefix="hearth-tmux-", dir="/tmp"))
        self.socket = str(self.folder / "s")
        # A clean environment, so that nothing of whoever runs the tests decides what is seen.
        words = [f"{name}={value}" for name, value in {"TERM": "screen", "LANG": "C.UTF-8", **(environment or {})}.items()]
        # Around the command is what tells how it ended, and keeps the terminal open to be looked at.
        around = ["sh", "-c", 'trap : INT; "$@"; echo "ended with $?"; exec sleep infinity', "sh"]
        line = shlex.join(["env", "-i", f"PATH={os.environ['PATH']}", f"HOME={self.folder}", *words, *around, *command])
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(cwd), line,
                   ";", "set-option", "-g", "status", "off")

    def _tmux(self, *words, check=True):
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, timeout=30,
                              check=check).stdout

    def type(self, *keys):
        """Text as it is, or tmux's names: Enter, Tab, C-c."""
        for key in keys:
            named = key in ("Enter", "Tab") or (key.startswith("C-") and len(key) == 3)
            self._tmux("send-keys", *([] if named else ["-l", "--"]), key)

    def screen(self):
        return self._tmux("capture-pane", "-p")

    def all_text(self):
        """What scrolled away, too."""
        return self._tmux("capture-pane", "-p", "-J", "-S", "-500")

    def await_text(self, *texts, seconds=60):
        """Until it shows all of them, or did before they scrolled away."""
        self._await(self.all_text, texts, seconds)

    def await_now(self, *texts, seconds=60):
        """Until all of them stand on the screen together."""
        self._await(self.screen, texts, seconds)

    def _await(self, look, texts, seconds):
        def shown():
            seen = look()
            return all(text in seen for text in texts)

        try:
            wait_for(f"the screen shows {texts}", shown, seconds, between=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; it shows:\n{self.screen()}") from None

    def await_gone(self, text, seconds=60):
        try:
            wait_for(f"the screen shows no {text}", lambda: text not in self.screen(), seconds, between=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; it shows:\n{self.screen()}") from None

    def shows_cursor(self):
        return self._tmux("display-message", "-p", "#{cursor_flag} #{alternate_on}").split() == ["1", "0"]

    def resize(self, columns, rows):
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def await_end(self, status, seconds=60):
        """Until what runs in it has ended so; 128 + N for signal N."""
        wait_for("the command has ended", lambda: "ended with " in self.all_text(), seconds, between=0.1)
        if f"ended with {status}\n" not in self.all_text():
            raise AssertionError(f"it did not end with {status}; it shows:\n{self.all_text().strip()}")

    def command_pid(self):
        pane = self._tmux("display-message", "-p", "#{pane_pid}").strip()
        return int(Path(f"/proc/{pane}/task/{pane}/children").read_text().split()[0])

    def close(self):
        self._tmux("kill-server", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
