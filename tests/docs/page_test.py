"""What a page says is read as its reader reads it."""

import unittest

from page import Command, File, More, blocks, matches, steps

PAGE = """
Words.
```console
$ echo a \\
  b
a b
$ true
```
```python handler.py
x = 1
```
```python
not a file
```
"""


class Page(unittest.TestCase):
    def test_commands_and_files_come_in_order(self):
        self.assertEqual(steps(PAGE), [Command(4, "echo a \\\n  b", ["a b"]), Command(7, "true"),
                                       File(10, "handler.py", "x = 1\n")])

    def test_dots_stand_for_anything(self):
        self.assertTrue(matches(["built in … s"], "built in 3.1 s\n"))
        self.assertTrue(matches(["a", "…", "z"], "a\nb\nc\nz\n"))
        self.assertTrue(matches(["a", "…"], "a\n"))
        self.assertFalse(matches(["a", "z"], "a\nb\nz\n"))
        self.assertFalse(matches(["a"], "a\nb\n"))
        self.assertFalse(matches(["a.c"], "abc\n"))

    def test_a_command_goes_on_until_it_is_interrupted(self):
        found = steps("```console\n$ a\n```\n```console\none\n$ b\n```\n```console\ntwo\n^C\n```\n")
        self.assertEqual(found, [Command(2, "a", goes_on=True), More(5, ["one"]), Command(6, "b"), More(9, ["two", "^C"])])
        self.assertEqual(steps("```console\n$ a\n…\n^C\n```\n"), [Command(2, "a", ["…", "^C"], goes_on=True)])

    def test_what_is_indented_is_a_block_too(self):
        self.assertEqual([(one.line, one.language, one.lines) for one in blocks("a\n\n    b\n    c\n```sh\n    d\n```\n")],
                         [(3, "", ["b", "c"]), (6, "sh", ["    d"])])

    def test_output_of_no_command_is_a_fault_of_the_page(self):
        with self.assertRaises(ValueError):
            steps("```console\nhello\n```\n")


if __name__ == "__main__":
    unittest.main()
