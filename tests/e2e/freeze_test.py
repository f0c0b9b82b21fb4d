"""Idle functions on a real Docker: frozen when they are quiet, back by a call, and never left frozen alone."""

import time
import unittest

from support.cases import HearthdCase, tell
from support.docker import Freezer
from support.waiting import wait_for

HELLO = """
    def handle(request, context):
        return "hello"
"""
TASK = """
    import asyncio
    kept = []

    async def handle(request, context):
        if "work" in request.query:
            kept.append(asyncio.create_task(asyncio.sleep(3600)))
        if "stop" in request.query:
            kept.pop().cancel()
        return "hello"
"""
MIRROR = """
    def handle(request, context):
        return {"path": request.path, "asked": "hearth-ask" in request.headers}
"""


class Freeze(HearthdCase):
    def replica(self, name):
        items = self.hearthd.function(name, "/replicas")["items"]
        self.assertEqual(len(items), 1, items)
        return items[0]

    def await_phase(self, name, phase):
        wait_for(f"{name} is {phase}", lambda: self.replica(name)["phase"] == phase, 20)

    def frozen_gb_seconds(self, name):
        rows = self.hearthd.ask("GET", f"/v1/namespaces/default/usage?function={name}").json()["items"]
        return sum(row["operator"]["frozen_gb_seconds"] for row in rows)

    def frozen(self, name, handler=HELLO, settings=""):
        """Its container, once it is frozen by the kernel's word."""
        self.hearthd.deploy_python(name, handler, settings)
        self.assertEqual(self.hearthd.call(name).text, "hello")
        self.await_phase(name, "frozen")
        container, = self.hearthd.containers(name)
        self.assertTrue(Freezer(container).is_frozen())
        return container

    def tearDown(self):
        if self.hearthd.process.poll() is not None:
            self.hearthd.start()
        for one in self.hearthd.ask("GET", "/v1/namespaces/default/functions").json()["items"]:
            self.hearthd.delete(one["name"])
        self.hearthd.await_nothing_left()

    def test_a_call_thaws_what_idled_and_is_served_by_it(self):
        container = self.frozen("idler")
        self.assertEqual(self.hearthd.state("idler"), "warm")
        self.assertIn("frozen", self.hearthd.fn("status", "idler").stdout)
        waits = []
        for _ in range(5):
            answer = self.hearthd.call("idler")
            self.assertEqual(answer.text, "hello")
            timing = dict(part.split(";dur=") for part in answer.headers["Server-Timing"].split(", "))
            self.assertNotIn("cold", timing)
            waits.append(float(timing["thaw"]))
            self.assertFalse(Freezer(container).is_frozen())
            self.await_phase("idler", "frozen")
        self.assertEqual(self.hearthd.containers("idler"), {container})
        tell(f"thawed in {sorted(waits)[2]:.2f} ms (median of 5)")
        wait_for("its frozen time is counted", lambda: self.frozen_gb_seconds("idler") > 0)

    def test_a_background_task_keeps_it_awake_and_is_named(self):
        self.hearthd.deploy_python("busy", TASK)
        self.hearthd.call("busy", "/?work")
        wait_for("it was asked", lambda: self.replica("busy").get("awake") == "a background task", 20)
        self.assertEqual(self.replica("busy")["phase"], "warm")
        self.assertIn("a background task", self.hearthd.fn("status", "busy").stdout)
        self.hearthd.call("busy", "/?stop")
        self.await_phase("busy", "frozen")
        self.assertNotIn("awake", self.replica("busy"))

    def test_a_time_freezes_whatever_it_does_and_never_is_never(self):
        self.hearthd.deploy_python("never", HELLO, "scale: {freeze: never}")
        self.hearthd.call("never")
        self.hearthd.deploy_python("timed", TASK, "scale: {freeze: 500ms}")
        self.hearthd.call("timed", "/?work")
        self.await_phase("timed", "frozen")
        self.assertEqual(self.hearthd.call("timed").text, "hello")
        self.await_phase("timed", "frozen")
        self.assertEqual(self.replica("never")["phase"], "warm")

    def test_no_client_can_ask(self):
        self.hearthd.deploy_python("mirror", MIRROR)
        answer = self.hearthd.call("mirror", "/.hearth/quiet", headers={"Hearth-Ask": "quiet"})
        self.assertEqual(answer.json(), {"path": "/.hearth/quiet", "asked": False})

    def test_what_a_killed_hearthd_left_frozen_serves_on(self):
        container = self.frozen("survivor")
        self.hearthd.kill()
        self.assertTrue(Freezer(container).is_frozen())
        self.hearthd.start()
        self.assertEqual(self.hearthd.call("survivor").text, "hello")
        self.assertEqual(self.hearthd.containers("survivor"), {container})

    def test_a_hearthd_that_ends_leaves_nothing_frozen(self):
        container = self.frozen("left")
        self.hearthd.stop()
        self.assertFalse(Freezer(container).is_frozen())
        self.hearthd.start()
        self.assertEqual(self.hearthd.call("left").text, "hello")
        self.assertEqual(self.hearthd.containers("left"), {container})

    def test_what_was_learned_of_idle_times_outlives_a_restart_and_not_its_function(self):
        def why():
            return self.hearthd.function("learner")["idle"]["why"]

        self.hearthd.deploy_python("learner", HELLO)
        for _ in range(4):
            self.assertEqual(self.hearthd.call("learner").text, "hello")
        self.assertEqual(why(), "learning")
        self.hearthd.call("learner")  # the fifth says how long the fourth idle time was
        self.assertEqual(why(), "learned")
        self.hearthd.stop()
        self.hearthd.start()
        self.assertEqual(why(), "learned")
        self.hearthd.delete("learner")
        self.hearthd.deploy_python("learner", HELLO)
        self.hearthd.kill()
        self.hearthd.start()
        self.assertEqual(why(), "learning")

    def test_what_is_frozen_is_deleted_at_once(self):
        self.frozen("goner")
        begun = time.monotonic()
        self.hearthd.delete("goner")
        self.hearthd.await_nothing_left(10)
        self.assertLess(time.monotonic() - begun, 10)

    def test_what_is_frozen_goes_cold_after_its_idle_time(self):
        self.frozen("sleeper", settings="scale: {idle_timeout: 3s, freeze: 200ms}")
        self.hearthd.await_nothing_left(20)
        self.assertEqual(self.hearthd.state("sleeper"), "cold")


if __name__ == "__main__":
    unittest.main()
