"""Handlers that do not load: exit code 121, and a last line that says why."""

import os
import unittest

from replica import Replica

FINE = "def handle(request, context):\n    return 'ok'\n"


class Load(unittest.TestCase):
    def last_line(self, source, handler="handler.py:handle", files=None):
        replica = Replica(source, handler, files=files)
        try:
            self.assertEqual(replica.exit_code(), 121, replica.log())
            self.log = replica.log()
            self.assertFalse(os.path.exists(replica.socket_path))
            return self.log.splitlines()[-1]
        finally:
            replica.__exit__()

    def test_every_reason_has_its_line(self):
        for source, handler, words in [
            (FINE, "other.py:handle", "the package has no file other.py; it has handler.py"),
            (FINE, "handler.py", "handler 'handler.py' is not of the form FILE.py:FUNCTION"),
            (FINE, "handler.py:handel", "handler.py has no function 'handel'; did you mean 'handle'?"),
            ("handle = 3\n", "handler.py:handle", "'handle' in handler.py is not a function but int"),
            ("def handle(request):\n    pass\n", "handler.py:handle",
             "handle in handler.py cannot be called with (request, context): too many positional arguments"),
            ("x = 1\ndef handle(:\n", "handler.py:handle", "handler.py:2 does not parse: "),
            ("import nonesuch\n", "handler.py:handle",
             "handler.py does not load: No module named 'nonesuch'; is it in requirements.txt?"),
            ("raise ValueError('no config')\n", "handler.py:handle",
             "handler.py does not load: ValueError: no config"),
            ("raise SystemExit(0)\n", "handler.py:handle", "handler.py does not load: SystemExit: 0"),
        ]:
            with self.subTest(words):
                self.assertIn(words, self.last_line(source, handler))

    def test_the_users_traceback_comes_first_and_without_ours(self):
        self.last_line("def fail():\n    raise ValueError('no config')\nfail()\n")
        self.assertIn("Traceback (most recent call last):", self.log)
        self.assertIn("in fail", self.log)
        self.assertNotIn("_load.py", self.log)

    def test_an_error_in_an_imported_file_names_that_file(self):
        self.assertIn("lib.py:1 does not parse",
                      self.last_line("import lib\n" + FINE, files={"lib.py": "def :\n"}))

    def test_a_handler_may_be_deep_named_as_a_standard_module_and_import_its_own(self):
        files = {"src/json.py": "from lib.words import WORD\ndef handle(request, context):\n    return WORD\n",
                 "lib/words.py": "WORD = 'own'\n"}
        with Replica(None, "src/json.py:handle", files=files) as replica:
            self.assertEqual(replica.call().body, b"own")

    def test_installed_dependencies_are_found(self):
        with Replica("import dep\ndef handle(request, context):\n    return dep.WORD\n",
                     files={".packages/dep.py": "WORD = 'dep'\n"}) as replica:
            self.assertEqual(replica.call().body, b"dep")
