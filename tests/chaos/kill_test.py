"""kill -9 of hearthd at the worst moments: what lives is adopted, what was half done leaves nothing behind."""

import random
import subprocess
import threading
import time
import unittest

from support.cases import HearthdCase, tell
from support.hearthd import program
from support.waiting import wait_for

import stock

HELLO = """
    def handle(request, context):
        return "hello"
"""

SLOW_TO_LOAD = """
    import time
    time.sleep(2)
    def handle(request, context):
        return "hello"
"""

SLOW_TO_END = """
    import time
    def handle(request, context):
        return "hello"
    def shutdown():
        time.sleep(1.5)
"""


class Kill(HearthdCase):
    def restart(self):
        """Seconds until hearthd said that it is ready."""
        begun = time.monotonic()
        self.hearthd.start()
        return time.monotonic() - begun

    def tearDown(self):
        if self.hearthd.process.poll() is not None:
            self.hearthd.start()
        for name in [one["name"] for one in self.hearthd.ask("GET", "/v1/namespaces/default/functions").json()["items"]]:
            self.hearthd.delete(name)
        self.hearthd.await_nothing_left()

    def test_adopts_living_replicas_under_load(self):
        hearthd = self.hearthd
        hearthd.deploy_python("socket", HELLO, "limits: {concurrency: 4}")
        stock.deploy(hearthd, "nginx", "port")
        loads = [hearthd.load("socket"), hearthd.load("port", "/hello")]
        self.addCleanup(lambda: [load.end() for load in loads])
        for load in loads:
            wait_for("calls are answered", lambda load=load: load.count() >= 20, 60)
        before = {name: hearthd.containers(name) for name in ("socket", "port")}

        hearthd.kill()
        started = time.monotonic()
        hearthd.start(await_ready=False)

        for load in loads:
            wait_for("calls are answered again", lambda load=load: load.first(200, started), 30)
        again = max(load.first(200, started) for load in loads)
        tell(f"after kill -9, both functions answered again {(again - started) * 1000:.0f} ms after hearthd's start")
        self.assertLess(again - started, 10)
        hearthd.await_ready()
        for load in loads:
            wait_for("calls go on", lambda load=load: load.count(since=again) >= 20, 30)
            load.end()
            self.assertLessEqual(set(load.statuses()), {0, 200})  # 0: refused, or cut off by the kill
        self.assertEqual({name: hearthd.containers(name) for name in before}, before)
        self.assertEqual(len(hearthd.docker.containers(hearthd.installation)), sum(map(len, before.values())))
        for name, ids in before.items():
            self.assertEqual(len(hearthd.function(name, "/replicas")["items"]), len(ids))

    def test_loses_no_warm_replica_over_many_kills(self):
        self.hearthd.deploy_python("again", HELLO)
        self.hearthd.call("again")
        before = self.hearthd.containers("again")
        mounts = self.hearthd.mounts()
        self.assertEqual(len(mounts), len(before))  # its socket folder, as root
        for _ in range(3):
            self.hearthd.kill()
            self.restart()
            self.assertEqual(self.hearthd.call("again").text, "hello")
            self.assertEqual(self.hearthd.containers("again"), before)
            self.assertEqual(self.hearthd.mounts(), mounts)

    def test_a_kill_amid_a_start_leaves_nothing(self):
        hearthd = self.hearthd
        hearthd.deploy_python("starting", SLOW_TO_LOAD)
        call_in_vain = threading.Thread(target=self.call_ignoring_its_end, args=("starting",))
        call_in_vain.start()
        wait_for("its container is there", lambda: hearthd.containers("starting"), 30)

        hearthd.kill()
        call_in_vain.join()
        self.restart()

        hearthd.await_nothing_left()
        self.assertEqual(hearthd.call("starting").text, "hello")

    def test_a_kill_at_any_moment_of_starts_leaves_no_orphan(self):
        hearthd = self.hearthd
        seed = random.randrange(1 << 32)
        moments = random.Random(seed)
        hearthd.deploy_python("anywhen", HELLO, "scale: {idle_timeout: 200ms}")
        for _ in range(5):
            patience = moments.uniform(0, 1.2)
            with self.subTest(seed=seed, patience=patience):
                call_in_vain = threading.Thread(target=self.call_ignoring_its_end, args=("anywhen",))
                call_in_vain.start()
                call_in_vain.join(patience)
                hearthd.kill()
                call_in_vain.join()
                self.restart()
                self.assertEqual(hearthd.call("anywhen").text, "hello")
                hearthd.await_nothing_left()

    def test_a_kill_amid_a_stop_leaves_nothing(self):
        hearthd = self.hearthd
        hearthd.deploy_python("ending", SLOW_TO_END, "scale: {idle_timeout: 300ms}")
        hearthd.call("ending")
        wait_for("it is being stopped",
                 lambda: any(one["stopping"] for one in hearthd.function("ending", "/replicas")["items"]), 20)
        self.assertTrue(hearthd.containers("ending"))

        hearthd.kill()
        self.restart()

        hearthd.await_nothing_left()
        self.assertEqual(hearthd.call("ending").text, "hello")

    def test_a_kill_during_a_build_leaves_the_running_revision_and_the_build_to_the_next(self):
        hearthd = self.hearthd
        hearthd.deploy_python("built", HELLO)
        hearthd.call("built")
        before = hearthd.containers("built")
        folder = hearthd.write("built", {
            "fn.yaml": "name: built\nbuild: ./Dockerfile\n",
            "Dockerfile": "FROM debian:bookworm-slim\nRUN echo begun; sleep 60; false\n"})
        deploying = subprocess.Popen([program("HEARTH_TEST_FN", "fn"), "deploy"], cwd=folder, text=True,
                                     env=hearthd.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(deploying.kill)
        wait_for("the build runs", self.building_containers, 60)
        first = {one["Id"] for one in self.building_containers()}

        hearthd.kill()
        self.restart()

        self.assertEqual(hearthd.call("built").text, "hello")
        self.assertEqual(hearthd.containers("built"), before)
        wait_for("it is built again", lambda: {one["Id"] for one in self.building_containers()} - first, 60)
        self.assertEqual(hearthd.function("built", "/revisions/2")["state"], "building")
        self.assertIsNone(deploying.poll(), "who deploys goes on waiting")
        self.assertEqual(hearthd.delete("built").status, 204)
        wait_for("Docker has ended the builds", lambda: not self.building_containers(), 90)
        output, _ = deploying.communicate(timeout=60)
        self.assertEqual(deploying.returncode, 3, output)

    def building_containers(self):
        return [one for one in self.hearthd.docker.ask("GET", "/containers/json") if "sleep 60" in one["Command"]]

    def call_ignoring_its_end(self, name):
        try:
            self.hearthd.call(name)
        except OSError:
            pass  # cut off by the kill, which is what we are here for


if __name__ == "__main__":
    unittest.main()
