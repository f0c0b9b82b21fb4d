"""A page that says what is not so is refuted."""

import os
import tempfile
import unittest

import reader as module
from page import Command, steps
from reader import Reader, Refuted


class Readers(unittest.TestCase):
    def walk(self, *lines):
        with tempfile.TemporaryDirectory() as folder:
            reader = Reader(folder, {**os.environ, "HOME": folder})
            try:
                for step in steps("```console\n" + "\n".join(lines) + "\n```\n"):
                    reader.take(step, step.text) if isinstance(step, Command) else reader.look_on(step)
            finally:
                reader.close()

    def test_what_is_so_passes_and_the_shell_lives_on(self):
        self.walk("$ cd / && greeting=hello", "$ echo $greeting from $(pwd)", "hello from /", "$ false || echo no", "no")

    def test_another_output_and_a_failure_do_not(self):
        for lines in (["$ echo a", "b"], ["$ false"], ["$ echo a; false", "a"], ["$ printf a", "a", "b"]):
            with self.subTest(lines), self.assertRaises(Refuted):
                self.walk(*lines)

    def test_what_goes_on_is_interrupted(self):
        self.walk("$ trap 'echo end; exit' INT; echo begin; while true; do sleep 0.1; done", "begin", "^C", "end")
        with self.assertRaises(Refuted):
            self.walk("$ trap 'echo end; exit' INT; echo begin; while true; do sleep 0.1; done", "begin", "^C", "another end")

    def test_what_goes_on_is_looked_at_beside_other_commands(self):
        self.walk("$ echo one > words; tail -f words", "```", "```console", "one", "$ echo two >> words", "```",
                  "```console", "two", "^C")

    def test_what_never_comes_is_refuted(self):
        kept, module.JOB_SECONDS = module.JOB_SECONDS, 0.2
        self.addCleanup(setattr, module, "JOB_SECONDS", kept)
        with self.assertRaises(Refuted):
            self.walk("$ sleep 60", "anything", "^C")


if __name__ == "__main__":
    unittest.main()
