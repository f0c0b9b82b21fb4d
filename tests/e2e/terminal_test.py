"""The command line of every day at a real terminal: fn dev, status --watch, completion by Tab."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import unittest
from pathlib import Path

from support.calls import call
from support.cases import HearthdCase, tell
from support.hearthd import program
from support.tmux import Terminal
from support.waiting import wait_for

HANDLER = "def handle(request, context):\n    print('serving', request.path)\n    return 'first'\n"


class TerminalCase(HearthdCase):
    def setUp(self):
        super().setUp()
        self.state = self.hearthd.folder / "user-state"
        shutil.rmtree(self.state, ignore_errors=True)

    def variables(self):
        return {**{name: value for name, value in self.hearthd.environment().items() if name.startswith("HEARTH_")},
                "XDG_STATE_HOME": str(self.state), "PS1": "$ "}

    def terminal(self, *words, **options):
        terminal = Terminal(list(words), self.variables(), **options)
        self.addCleanup(terminal.close)
        return terminal

    def fn(self):
        return program("HEARTH_TEST_FN", "fn")

    def functions(self):
        return [one["name"] for one in json.loads(self.hearthd.fn("list", "-o", "json").stdout)["items"]]


class Dev(TerminalCase):
    def folder(self, name):
        return self.hearthd.write(name, {"fn.yaml": f"name: {name}\nruntime: python\nhandler: handler.py:handle\n",
                                         "handler.py": HANDLER, ".fnignore": "notes.txt\n"})

    def answer(self, name):
        return self.hearthd.call(name, "/x?y=1").text

    def test_a_save_answers_a_fault_is_told_and_nothing_is_left(self):
        folder = self.folder("cat")
        self.hearthd.fn("deploy", cwd=folder)
        terminal = self.terminal(self.fn(), "dev", str(folder))
        terminal.await_text(f"http://{self.hearthd.gateway}/fn/cat-dev", "revision 1 answers after", seconds=120)
        self.assertEqual(self.answer("cat-dev"), "first")
        terminal.await_text("call GET /x?y=1 200", "log  serving /x")

        # As editors save: written beside, then renamed over it.
        began = time.monotonic()
        (folder / "handler.py.new").write_text(HANDLER.replace("first", "second"))
        os.rename(folder / "handler.py.new", folder / "handler.py")
        wait_for("the new code answers", lambda: self.answer("cat-dev") == "second", 60, between=0.02)
        tell(f"from a save to the new code's answer: {time.monotonic() - began:.2f} s")
        terminal.await_text("revision 2 answers after")
        self.assertEqual(self.answer("cat"), "first", "what is deployed is not disturbed")

        (folder / "handler.py").write_text("def handle(request, context)\n    return 1\n")
        terminal.await_text("handler.py:1 does not parse", "revision 2 goes on; waiting for a change")
        self.assertEqual(self.answer("cat-dev"), "second")
        (folder / "fn.yaml").write_text("name: cat\nruntime: python\nhandler: handler.py:handle\nlimts: {}\n")
        terminal.await_text("fn.yaml:4:1: limts: unknown key; did you mean limits?")

        (folder / "fn.yaml").write_text("name: cat\nruntime: python\nhandler: handler.py:handle\n")
        (folder / "lib").mkdir()
        (folder / "lib/words.py").write_text("WORD = 'third'\n")
        (folder / "handler.py").write_text("from lib.words import WORD\ndef handle(request, context): return WORD\n")
        wait_for("the code with a new folder answers", lambda: self.answer("cat-dev") == "third", 60, between=0.1)
        terminal.await_text("answers after")
        (folder / "lib/words.py").write_text("WORD = 'fourth'\n")  # the new folder is watched as well
        wait_for("a save in the new folder answers", lambda: self.answer("cat-dev") == "fourth", 60, between=0.1)

        terminal.type("C-c")
        terminal.await_text("removing cat-dev")
        terminal.await_end(0)
        self.assertEqual(self.functions(), ["cat"])
        self.assertEqual(list((self.state / "hearth/dev").iterdir()), [])
        self.hearthd.fn("delete", "cat")

    def test_what_is_ignored_or_saved_as_it_was_starts_nothing(self):
        folder = self.folder("owl")
        terminal = self.terminal(self.fn(), "dev", str(folder))
        terminal.await_text("revision 1 answers after", seconds=120)
        (folder / "notes.txt").write_text("ignored\n")
        (folder / ".handler.py.swp").write_text("an editor's\n")
        (folder / "handler.py").write_text(HANDLER)
        # What comes after shows that they were passed over.
        (folder / "more.py").write_text("\n")
        terminal.await_text("revision 2 answers after")
        self.assertNotIn("notes.txt", terminal.screen())
        self.assertEqual(len(self.hearthd.function("owl-dev", "/revisions")["items"]), 2)
        terminal.type("C-c")
        terminal.await_end(0)

    def test_what_a_kill_leaves_is_told_and_taken_away(self):
        folder = self.folder("emu")
        killed = self.terminal(self.fn(), "dev", str(folder))
        killed.await_text("revision 1 answers after", seconds=120)
        second = self.terminal(self.fn(), "dev", str(folder))
        second.await_text("another fn dev works on emu-dev")
        second.await_end(3)
        os.kill(killed.command_pid(), signal.SIGKILL)
        killed.await_end(137)
        self.assertEqual(self.functions(), ["emu-dev"])
        third = self.terminal(self.fn(), "dev", str(folder))
        third.await_text("an earlier fn dev was killed; removing its emu-dev", "revision 1 answers after", seconds=120)
        third.type("C-c")
        third.await_end(0)
        self.assertEqual(self.functions(), [])

    def test_a_function_that_it_did_not_make_is_left_alone(self):
        self.hearthd.fn("deploy", cwd=self.folder("elk-dev"))
        outcome = subprocess.run([self.fn(), "dev", str(self.folder("elk"))], env={**os.environ, **self.variables()},
                                 stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(outcome.returncode, 3, outcome)
        self.assertIn("there is a function elk-dev already, which fn dev did not make", outcome.stderr)
        self.assertEqual(self.functions(), ["elk-dev"])
        self.hearthd.fn("delete", "elk-dev")


class Watch(TerminalCase):
    def test_it_draws_what_happens_and_leaves_the_terminal_clean(self):
        self.hearthd.deploy_python("ant", "import time\ndef handle(request, context):\n    time.sleep(4)\n    return ''\n")
        self.hearthd.deploy_python("bee", "def handle(request, context): return ''\n")
        terminal = self.terminal("bash", "--norc")
        terminal.type("echo before; " + self.fn() + " status --watch; echo code=$?", "Enter")
        terminal.await_text("NAME", "IN FLIGHT", "q quits", "ant", "bee")
        self.assertNotIn("before", terminal.screen())
        with subprocess.Popen([self.fn(), "invoke", "ant"], env={**os.environ, **self.variables()},
                              stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as busy:
            wait_for("the busy one stands first",
                     lambda: re.search(r"ant +executing +1 executing +1 +0 +[-\d.].*\n *bee +cold", terminal.screen()), 60,
                     between=0.1)
            busy.wait(60)
        terminal.resize(60, 4)
        terminal.await_text("… ", " more")
        terminal.resize(110, 30)
        terminal.await_text("bee", "q quits")
        terminal.type("q")
        terminal.await_text("before", "code=0")
        self.assertTrue(terminal.shows_cursor())
        terminal.type(self.fn() + " status bee --watch; echo code=$?", "Enter")
        terminal.await_text("bee is cold", "no replicas", "q quits")
        terminal.type("C-z", "C-\\", "C-c", "C-c")  # what ends it is the third, and the fourth not before the page is put back
        terminal.await_text("before", "code=130")
        self.assertTrue(terminal.shows_cursor())
        for name in ("ant", "bee"):
            self.hearthd.fn("delete", name)

    def test_it_tells_calls_errors_and_cold_starts_a_second(self):
        """By what a client counted that called meanwhile, as fast as answers came: a tenth of a second each."""
        self.hearthd.deploy_python("pace", """
            import hearth, time
            def handle(request, context):
                time.sleep(0.1)
                return hearth.Response(int(request.path[1:]))
            """)
        self.addCleanup(self.hearthd.fn, "delete", "pace")
        terminal = self.terminal(self.fn(), "status", "--watch")
        terminal.await_now("pace", "CALLS/S", "ERRORS/S", "COLD/S")
        row = r"pace +\S+ +\S.*? +\d+ +\d+ +([\d.]+) +([\d.]+) +([\d.]+)"

        def rates(load):
            """Those of the screen while `load` lasts, once they are as high as it is; and how high that is."""
            began = time.monotonic()

            def steady():
                shown = re.search(row, terminal.screen())
                calls = len(load.answers) / (time.monotonic() - began)
                return shown and float(shown.group(1)) > calls / 2 and [*map(float, shown.groups()), calls]

            found = wait_for("the screen shows the rate", steady, 60, between=0.1)
            load.end()
            return found

        calls, errors, _, made = rates(self.hearthd.load("pace", "/200", threads=1))
        self.assertLessEqual(calls, 2 * made + 1)
        self.assertLessEqual(calls, 10.5, "no faster than one client can be")
        self.assertEqual(errors, 0)
        quiet = r"pace +warm +1 (?:warm|frozen)( +0){5}"
        wait_for("it is quiet", lambda: re.search(quiet, terminal.screen()), 60, between=0.1)
        calls, errors, cold_starts, _ = rates(self.hearthd.load("pace", "/500", threads=1))
        self.assertAlmostEqual(errors, calls, delta=1)
        self.assertEqual(cold_starts, 0)
        terminal.type("q")
        terminal.await_end(0)

        one = self.terminal(self.fn(), "status", "pace", "--watch")
        load = self.hearthd.load("pace", "/200", threads=1)
        line = r"pace is executing, [3-9]\S* calls/s, 0 errors/s, 0 cold starts/s"
        wait_for("one function's rate", lambda: re.search(line, one.screen()), 60, between=0.1)
        load.end()
        one.type("q")
        one.await_end(0)

    def test_on_a_pipe_it_prints_lines(self):
        self.hearthd.deploy_python("fly", "def handle(request, context): return ''\n")
        with subprocess.Popen([self.fn(), "status", "--watch"], env={**os.environ, **self.variables()},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as watch:
            self.assertEqual(watch.stdout.readline(), "fly cold\n")
            self.hearthd.call("fly")
            self.assertRegex(watch.stdout.readline(), r"^fly (initializing|executing|warm) \(1 \w+\)")
            watch.send_signal(signal.SIGINT)
            self.assertEqual(watch.wait(30), 130)
        self.hearthd.fn("delete", "fly")


class Completion(TerminalCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hearthd.deploy_python("zebra", "def handle(request, context): return ''\n")

    def completes(self, terminal):
        """Words by Tab: a verb, an option, its value, a function that is deployed."""
        terminal.type("fn comp", "Tab")
        terminal.await_now("fn completion")
        terminal.type("C-u", "C-l")
        terminal.await_gone("completion")
        terminal.type("fn logs ze", "Tab")
        terminal.await_now("fn logs zebra")
        terminal.type("--fol", "Tab")
        terminal.await_now("fn logs zebra --follow")
        terminal.type("C-u", "C-l")
        terminal.await_gone("zebra")
        terminal.type("fn list --output y", "Tab")
        terminal.await_now("fn list --output yaml")
        terminal.type("C-u", "C-l")
        terminal.await_gone("yaml")
        terminal.type("fn help exit", "Tab")
        terminal.await_now("fn help exit-codes")
        terminal.type("C-u", "C-l")  # and no C-c: what is typed after one may come before it
        terminal.await_gone("exit-codes")

    def shell(self, *words):
        path = f"{Path(self.fn()).parent}:{os.environ['PATH']}"
        return self.terminal("env", f"PATH={path}", *words)

    def test_bash(self):
        terminal = self.shell("bash", "--norc")
        terminal.type("source <(fn completion bash); clear; echo rea''dy", "Enter")
        terminal.await_now("ready\n")
        self.completes(terminal)
        terminal.type("C-l", "fn list --output=y", "Tab")
        terminal.await_now("fn list --output=yaml")
        terminal.type("C-u", "C-l", "cd / && fn deploy us", "Tab")
        terminal.await_now("fn deploy usr/")

    def test_zsh(self):
        terminal = self.shell("zsh", "-f")
        terminal.type("autoload -U compinit && compinit -u -D; source <(fn completion zsh); clear; echo rea''dy", "Enter")
        terminal.await_now("ready\n")
        self.completes(terminal)

    def test_fish(self):
        terminal = self.shell("fish", "--no-config")
        terminal.type("set -g fish_autosuggestion_enabled 0; fn completion fish | source; clear; echo rea''dy", "Enter")
        terminal.await_now("ready\n")
        self.completes(terminal)


class Logs(HearthdCase):
    def test_what_is_asked_for_is_what_comes(self):
        self.hearthd.deploy_python("talk", "def handle(request, context):\n    print('about', request.path)\n    return ''\n")
        ids = [self.hearthd.call("talk", f"/{word}").headers["Hearth-Call-Id"] for word in ("tea", "milk", "tea-time")]

        def texts(*options):
            lines = self.hearthd.fn("logs", "talk", "-o", "json", *options).stdout.splitlines()
            return [line["text"].strip() for line in map(json.loads, lines) if line["text"].startswith("about")]

        wait_for("all is written", lambda: len(texts()) == 3, 30)
        self.assertEqual(texts("--grep", "tea"), ["about /tea", "about /tea-time"])
        self.assertEqual(texts("--grep", "tea$|milk"), ["about /tea", "about /milk"])
        self.assertEqual(texts("--grep", "tea", "--tail", "1"), ["about /tea-time"])
        self.assertEqual(texts("--call", ids[1]), ["about /milk"])
        self.assertEqual(texts("--since", "1h"), texts())
        self.assertEqual(texts("--since", "2999-01-01"), [])
        refused = self.hearthd.fn("logs", "talk", "--grep", "(", check=False)
        self.assertEqual(refused.returncode, 3, refused)
        self.assertIn("is no regular expression", refused.stderr)
        self.hearthd.fn("delete", "talk")


if __name__ == "__main__":
    unittest.main()
