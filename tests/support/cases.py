"""A test case with a hearthd that its tests share."""

import sys
import unittest

from support.hearthd import Hearthd


class HearthdCase(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.hearthd = Hearthd(**cls.settings)
        cls.addClassCleanup(cls.hearthd.close)

    def run(self, result=None):
        """What hearthd said is what explains a failure, so its end goes with it."""
        def wrong():
            return len(result.failures) + len(result.errors) if result is not None else 0

        before = wrong()
        done = super().run(result)
        if wrong() > before:
            sys.stderr.write(f"--- the end of hearthd's log at {self.id()}\n{self.hearthd.log_text()[-4000:]}---\n")
        return done


def tell(text):
    """A figure for the reader of the log."""
    print(f"    {text}", file=sys.stderr, flush=True)
