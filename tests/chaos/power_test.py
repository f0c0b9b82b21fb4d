"""Power cuts: whatever was acknowledged is there when the machine comes back, however little of the rest is."""

import os
import random
import tempfile
import threading
import time
import unittest
from pathlib import Path

from support import power_cut
from support.cases import tell
from support.hearthd import Hearthd, program
from support.waiting import wait_for

HELLO = """
    def handle(request, context):
        return "hello"
"""
CUTS = int(os.environ.get("HEARTH_TEST_CUTS", "5"))


class Power(unittest.TestCase):
    def setUp(self):
        self.log = Path(tempfile.mkdtemp(prefix="hearth-power-", dir="/tmp")) / "log"
        self.hearthd = Hearthd()
        self.addCleanup(self.hearthd.close)
        self.seed = random.randrange(1 << 30)

    def live(self, acknowledged, large):
        """Until the power goes."""
        hearthd = self.hearthd
        stop = threading.Event()

        def produce():
            while not stop.is_set():
                try:
                    body = b"x" * (70_000 if large and random.random() < 0.2 else 50)
                    answer = hearthd.raw("/async/hello", "POST", body, timeout=5)
                    if answer.status == 202:
                        acknowledged.append(answer.json()["id"])
                except OSError:
                    time.sleep(0.002)

        threads = [threading.Thread(target=produce) for _ in range(6)]
        for thread in threads:
            thread.start()
        already = len(acknowledged)
        wait_for("calls are stored", lambda: len(acknowledged) > already + 5, 60, between=0.005)
        time.sleep(random.random() * 0.4)
        hearthd.kill()
        stop.set()
        for thread in threads:
            thread.join()

    def test_no_acknowledged_call_is_lost(self):
        hearthd = self.hearthd
        hearthd.deploy_python("hello", HELLO)
        hearthd.stop()
        acknowledged = []
        for cut in range(CUTS):
            folder = power_cut.Folder(hearthd.state_dir)
            self.log.unlink(missing_ok=True)
            hearthd.run_by = power_cut.run_by(program("HEARTH_TEST_POWER_CUT", "power_cut"), hearthd.state_dir, self.log)
            hearthd.start()
            self.check(acknowledged, cut)
            self.live(acknowledged, large=cut % 2 == 1)
            folder.read(self.log)
            folder.cut(self.seed + cut)
        hearthd.run_by = ()
        hearthd.start()
        self.check(acknowledged, CUTS)
        for id in acknowledged:
            wait_for(f"{id} ran", lambda id=id: hearthd.raw(f"/async/{id}").json()["state"] == "succeeded", 60)
        tell(f"{len(acknowledged)} acknowledged calls over {CUTS} power cuts (seed {self.seed}): none lost, all ran")

    def check(self, acknowledged, cut):
        for id in acknowledged[-300:]:
            answer = self.hearthd.raw(f"/async/{id}")
            self.assertEqual(answer.status, 200, f"{id} is gone after cut {cut} of seed {self.seed}: {answer}\n{self.hearthd.log_text()[-2000:]}")


if __name__ == "__main__":
    unittest.main()
