"""dockerd stopped and started under a hearthd that serves: with live-restore and without it."""

import concurrent.futures
import time
import unittest

from support.cases import tell
from support.docker import Docker, OwnDockerd
from support.hearthd import Hearthd, problem
from support.images import runtime_images
from support.waiting import wait_for

HELLO = """
    import os
    def handle(request, context):
        return os.environ["HEARTH_REPLICA"]
"""


class EngineRestart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.images = runtime_images()

    def begin(self, *options):
        self.dockerd = OwnDockerd(*options)
        self.addCleanup(self.dockerd.close)
        self.dockerd.take_images(self.images, Docker())
        self.hearthd = Hearthd(self.dockerd.socket)
        self.addCleanup(self.hearthd.close)
        for name in ("warm", "cold"):
            self.hearthd.deploy_python(name, HELLO)
        return self.hearthd.call("warm").text

    def assert_cold_calls_fail_soon(self):
        wait_for("hearthd knows that its engine is away", lambda: not self.hearthd_is_ready(), 20)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            begun = time.monotonic()
            answers = list(pool.map(lambda _: self.hearthd.call("cold"), range(16)))
        took = time.monotonic() - begun
        tell(f"16 cold calls without an engine were refused within {took * 1000:.0f} ms")
        self.assertLess(took, 3)
        for answer in answers:
            self.assertEqual(answer.status, 503, answer)
            document = problem(answer)
            self.assertEqual(document["layer"], "engine", document)
            self.assertIn("Docker", document["detail"])
            self.assertTrue(answer.headers["Retry-After"], answer)

    def hearthd_is_ready(self):
        return self.hearthd.ask("GET", "/readyz").status == 200

    def assert_all_is_well_and_nothing_is_left(self):
        for name in ("warm", "cold"):
            self.assertEqual(self.hearthd.call(name).status, 200)
            self.assertEqual(len(self.hearthd.containers(name)), 1)
        for name in ("warm", "cold"):
            self.assertEqual(self.hearthd.delete(name).status, 204)
        self.hearthd.await_nothing_left()
        self.assertEqual(self.dockerd.docker.ask("GET", "/containers/json?all=1"), [])

    def test_with_live_restore_warm_calls_go_on(self):
        replica = self.begin("--live-restore")
        load = self.hearthd.load("warm", threads=2)
        self.addCleanup(load.end)

        self.dockerd.stop()
        self.assert_cold_calls_fail_soon()
        self.dockerd.start()
        wait_for("hearthd sees its engine again", self.hearthd_is_ready, 20)

        self.assertEqual(self.hearthd.call("cold").status, 200)
        answers = load.end()
        self.assertEqual({(status, text) for _, status, text in answers}, {(200, replica)})
        tell(f"{len(answers)} warm calls while dockerd was stopped and started, none lost")
        self.assert_all_is_well_and_nothing_is_left()

    def test_without_it_functions_come_back_with_the_next_call(self):
        replica = self.begin()
        self.dockerd.stop()
        self.assert_cold_calls_fail_soon()
        # Its replica ended with dockerd, which nobody could tell hearthd: its calls find that out.
        answer = self.hearthd.call("warm")
        self.assertIn(answer.status, (502, 503), answer)

        self.dockerd.start()
        wait_for("hearthd sees its engine again", self.hearthd_is_ready, 20)

        answer = self.hearthd.call("warm")
        self.assertEqual(answer.status, 200, answer)
        self.assertNotEqual(answer.text, replica)
        self.assert_all_is_well_and_nothing_is_left()

    def test_hearthd_can_be_restarted_while_its_engine_is_away(self):
        replica = self.begin("--live-restore")
        self.dockerd.stop()
        self.hearthd.kill()
        self.hearthd.start(await_ready=False)
        self.assertEqual(self.hearthd.process.wait(30), 4)
        self.assertIn("Docker does not answer", self.hearthd.log_text().splitlines()[-1])
        self.dockerd.start()
        self.hearthd.start()
        self.assertEqual(self.hearthd.call("warm").text, replica)
        self.assert_all_is_well_and_nothing_is_left()


if __name__ == "__main__":
    unittest.main()
