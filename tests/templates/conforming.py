"""What the conformance suite's files share: whose turn it is, the function deployed once, and a replica of it.

conformance/RUNTIME is that function; what it does at which path stands in `conformance/README.md`. $HEARTH_TEST_RUNTIME
says whose turn it is.
"""

import os
import unittest
from pathlib import Path

import cannot
from replica import Replica, cell_of
from support.hearthd import Hearthd

RUNTIME = os.environ["HEARTH_TEST_RUNTIME"]
FOLDER = Path(__file__).resolve().parent / "conformance" / RUNTIME


def can(*what):
    """Leaves out what the runtime cannot, by cannot.py's word."""
    reasons = [cannot.TABLE.get(RUNTIME, {}).get(one) for one in what]
    reason = next((one for one in reasons if one), None)
    return unittest.skip(f"{RUNTIME}: {reason}") if reason else lambda test: test


class World:
    """The function, deployed once by a hearthd for all tests of this process."""

    hearthd = None

    @classmethod
    def get(cls):
        if cls.hearthd is None:
            cls.hearthd = Hearthd(cells_min="1", cells_max="1")
            unittest.addModuleCleanup(cls.hearthd.close)
            cls.hearthd.fn("deploy", cwd=FOLDER, timeout=400)  # compilers, and what they compile first
            cls.image = cls.hearthd.function("conforms", "/revisions/1")["image"]
            cls.handler = cls.hearthd.function("conforms")["spec"].get("handler", "")
        return cls


class Direct(unittest.TestCase):
    """On the container's own socket. The replica that most are tried on has been a cell."""

    @classmethod
    def setUpClass(cls):
        cls.replica = cls.enterClassContext(cls.start(cell=cell_of(RUNTIME)))

    @classmethod
    def start(cls, **settings):
        world = World.get()
        return Replica(world.hearthd.docker, world.image, settings.pop("handler", world.handler),
                       env={"LEVEL": "info"}, **settings)

    def setUp(self):
        self.replica.close_gate()

    def client(self, replica=None):
        client = (replica or self.replica).connect()
        self.addCleanup(client.close)
        return client
