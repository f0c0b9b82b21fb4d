"""Rollouts and rollbacks under steady load: no call fails, whatever the concurrency. HEARTH_TEST_ROLLOUTS says how many;
else HEARTH_TEST_REPEAT, a factor, of which 1 makes 10 and 10 the full 100."""

import json
import os
import subprocess
import threading
import time
import unittest

from support.cases import HearthdCase, tell
from support.hearthd import problem, program
from support.steady import Steady
from support.waiting import wait_for

ROLLOUTS = int(os.environ.get("HEARTH_TEST_ROLLOUTS", "0")) or max(
    1, int(10 * float(os.environ.get("HEARTH_TEST_REPEAT", "1"))))

HANDLER = """
    import time

    def handle(request, context):
        time.sleep(0.01)
        return "revision {number}"
"""
BROKEN = """
    raise RuntimeError("not today")
"""
SETTINGS = ["limits: {concurrency: 16}", "limits: {concurrency: 1}\nscale: {max: 8}",
            "limits: {concurrency: 4}\nscale: {min: 2, max: 6}"]


class Rollouts(HearthdCase):
    def deploy(self, name, number, settings="", check=True):
        return self.hearthd.deploy_python(name, HANDLER.replace("{number}", str(number)), settings, check, verify=True)

    def test_no_call_fails_through_rollouts_and_rollbacks(self):
        self.deploy("steady", 0, SETTINGS[0])
        steady = Steady([self.hearthd.url("steady")])
        self.addCleanup(steady.end)
        begun = time.monotonic()
        for number in range(1, ROLLOUTS + 1):
            self.deploy("steady", number, SETTINGS[number % len(SETTINGS)])
            wait_for("the new revision serves", lambda number=number: steady.seen(f"revision {number}"), 30)
        back = time.monotonic()
        self.hearthd.fn("rollback", "steady")
        self.hearthd.fn("rollback", "steady")
        took = (time.monotonic() - back) / 2
        steady.end()
        tell(f"{ROLLOUTS} rollouts and 2 rollbacks in {time.monotonic() - begun:.0f} s, {steady.calls} calls, "
             f"{len(steady.failed)} failed; a rollback took {took * 1000:.0f} ms")
        self.assertEqual(steady.failed, [])
        self.assertGreater(steady.calls, ROLLOUTS * 10)

    def test_a_rollback_is_instant_while_a_replica_of_the_old_revision_lives(self):
        hearthd = self.hearthd
        hearthd.deploy_python("instant", '''
            import time
            def handle(request, context):
                time.sleep(float(request.query.get("s", 0)))
                return "old"
        ''')
        long = threading.Thread(target=hearthd.call, args=("instant", "/?s=15"))
        long.start()
        self.addCleanup(long.join)
        wait_for("the call is in flight",
                 lambda: any(one["in_flight"] for one in hearthd.function("instant", "/replicas")["items"]))
        old = hearthd.containers("instant")
        self.deploy("instant", 2)
        self.assertEqual(hearthd.call("instant").text, "revision 2")
        starts = hearthd.docker.ids(hearthd.installation, function="instant")
        self.assertLessEqual(old, starts)
        hearthd.fn("rollback", "instant")
        self.assertEqual(hearthd.call("instant").text, "old")
        self.assertLessEqual(hearthd.containers("instant"), starts, "nothing was started for it")
        self.assertTrue(long.is_alive(), "the old replica was still draining")

    def test_a_broken_deploy_fails_with_its_cause_and_the_old_revision_serves_on(self):
        hearthd = self.hearthd
        for name, settings in [("alive", ""), ("minded", "scale: {min: 1}"), ("cold", "scale: {idle_timeout: 200ms}")]:
            with self.subTest(name):
                self.deploy(name, 1, settings)
                if name == "cold":
                    hearthd.await_state("cold", "cold")
                failed = hearthd.deploy_python(name, BROKEN, settings, check=False, verify=True)
                self.assertEqual(failed.returncode, 1, failed.stderr)
                self.assertIn("not today", failed.stderr)
                self.assertIn("revision 2 does not serve; revision 1 still does", failed.stderr)
                self.assertEqual(hearthd.call(name).text, "revision 1")
                self.assertEqual(hearthd.function(name)["active"], 1)
        hearthd.kill()
        hearthd.start()
        for name in ("alive", "minded", "cold"):
            self.assertEqual(hearthd.call(name).text, "revision 1", "a restart does not serve the broken one either")
        shown = hearthd.fn("revisions", "alive").stdout
        self.assertRegex(shown, r"2 +failed")
        self.assertRegex(shown, r"1 \(active\) +ready")

    def test_a_first_deploy_that_does_not_start_is_told_at_once(self):
        failed = self.hearthd.deploy_python("first", BROKEN, check=False, verify=True)
        self.assertEqual(failed.returncode, 1, failed.stderr)
        self.assertIn("not today", failed.stderr)
        self.assertEqual(self.hearthd.call("first").status, 404)
        self.deploy("first", 2)
        self.assertEqual(self.hearthd.call("first").text, "revision 2")

    def test_a_verified_function_idles_to_cold_by_itself(self):
        self.deploy("quiet", 1, "scale: {idle_timeout: 300ms}")
        self.hearthd.await_state("quiet", "cold")
        self.hearthd.deploy_python("untried", BROKEN)
        self.assertEqual(problem(self.hearthd.call("untried"))["layer"], "function")

    def test_of_two_deployers_the_second_is_told(self):
        hearthd = self.hearthd
        self.deploy("shared", 1)
        before = hearthd.ask("GET", "/v1/namespaces/default/functions/shared").headers["ETag"]
        self.deploy("shared", 2)
        package = hearthd.function("shared", "/revisions/2")["package"]
        body = json.dumps({"spec": {"runtime": "python", "handler": "handler.py:handle"}, "package": package})
        late = hearthd.ask("PUT", "/v1/namespaces/default/functions/shared", body,
                           {"If-Match": before, "Content-Type": "application/json"})
        self.assertEqual(late.status, 412, late)
        self.assertEqual(hearthd.call("shared").text, "revision 2")

    def test_deploys_of_one_function_at_once_do_not_overwrite_each_other_unseen(self):
        hearthd = self.hearthd
        self.deploy("race", 0)
        folders = [hearthd.write(f"race{i}", {"fn.yaml": "name: race\nruntime: python\nhandler: handler.py:handle\n",
                                              "handler.py": HANDLER.replace("{number}", f"of {i}")}) for i in range(3)]
        running = [subprocess.Popen([program("HEARTH_TEST_FN", "fn"), "deploy"], cwd=folder, env=hearthd.environment(),
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for folder in folders]
        told = [(one.communicate(timeout=120)[1], one.returncode) for one in running]
        for text, code in told:
            self.assertIn(code, (0, 3), text)
            if code == 3:
                self.assertIn("another deploy or rollback came between", text)
        wins = sum(code == 0 for _, code in told)
        self.assertGreaterEqual(wins, 1)
        self.assertEqual(hearthd.function("race")["latest"], 1 + wins)


if __name__ == "__main__":
    unittest.main()
