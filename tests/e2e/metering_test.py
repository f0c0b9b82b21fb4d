"""What calls cost and came to, as the API and fn tell it: also while they run, over a kill -9, and how each went wrong."""

import json
import threading
import time
import unittest

from support.cases import HearthdCase, tell
from support.waiting import wait_for

GB = 128 / 1024  # of the functions' memory limit
TICK = 1.5       # usage is written every second; half of one more for a busy machine

WORKER = """
    import os
    import time
    from hearth import Response

    def handle(request, context):
        time.sleep(float(request.query.get("sleep", 0)))
        if "exit" in request.query:
            os._exit(3)
        if "raise" in request.query:
            raise ValueError("asked to")
        return Response(int(request.query.get("status", 200)), body="done")
"""

SETTINGS = """
    limits: {memory: 128Mi, concurrency: 4, timeout: %s}
    scale: {min: %d, max: 1, idle_timeout: %s}
"""


class Metering(HearthdCase):
    def rows(self, name):
        return self.hearthd.ask("GET", f"/v1/namespaces/default/usage?function={name}").json()["items"]

    def usage(self, name, key="gb_seconds"):
        """The sum over the days, of which there are two around midnight."""
        total = 0
        for row in self.rows(name):
            for part in key.split("."):
                row = row[part]
            total += row
        return total

    def await_usage(self, name, key, least):
        wait_for(f"{key} of {name} is {least}", lambda: self.usage(name, key) >= least, 20, between=0.1)
        return self.usage(name, key)

    def deploy(self, name, timeout="30s", idle_timeout="5m", least=0):
        self.hearthd.deploy_python(name, WORKER, SETTINGS % (timeout, least, idle_timeout))

    def timed(self, name, path):
        begun = time.monotonic()
        self.assertEqual(self.hearthd.call(name, path).status, 200)
        return time.monotonic() - begun

    def test_calls_cost_memory_times_the_time_that_a_replica_is_busy(self):
        self.deploy("sleeper")
        self.timed("sleeper", "?")  # warm from here on
        self.await_usage("sleeper", "calls", 1)
        before = self.usage("sleeper")
        took = sum(self.timed("sleeper", "?sleep=0.25") for _ in range(4))
        self.await_usage("sleeper", "calls", 5)
        apart = self.usage("sleeper") - before
        self.assertGreaterEqual(apart, 4 * 0.25 * GB - 0.001)
        self.assertLessEqual(apart, took * GB + 0.001)

        # Two at once on one replica cost their union.
        before = self.usage("sleeper")
        both = [threading.Thread(target=self.timed, args=("sleeper", "?sleep=1")) for _ in range(2)]
        begun = time.monotonic()
        for one in both:
            one.start()
        for one in both:
            one.join()
        union = time.monotonic() - begun
        self.await_usage("sleeper", "calls", 7)
        together = self.usage("sleeper") - before
        self.assertGreaterEqual(together, 1 * GB - 0.001)
        self.assertLessEqual(together, union * GB + 0.001)
        self.assertEqual(self.usage("sleeper", "cold_starts"), 1)
        self.assertGreater(self.usage("sleeper", "initializing_gb_seconds"), 0)
        self.assertGreater(self.await_usage("sleeper", "operator.idle_gb_seconds", GB), 0)
        tell(f"4 calls of 250 ms: {apart:.4f} GB-s, {4 * 0.25 * GB:.4f} of them asleep; "
             f"2 of 1 s at once: {together:.4f} GB-s")

        text = self.hearthd.fn("usage", "sleeper").stdout
        self.assertRegex(text, r"DAY +CALLS +ERRORS +COLD STARTS +GB-SECONDS +STARTING +KEPT WARM\n20\d\d-\d\d-\d\d +7 ")
        items = json.loads(self.hearthd.fn("usage", "--output", "json").stdout)["items"]
        self.assertIn("sleeper", {item["function"] for item in items})

        # A deleted function's days stay, and a new one of its name goes on with them.
        self.hearthd.fn("delete", "sleeper")
        self.await_usage("sleeper", "calls", 7)
        self.deploy("sleeper")
        self.timed("sleeper", "?")
        self.await_usage("sleeper", "calls", 8)
        self.hearthd.fn("delete", "sleeper")

    def test_a_kill_loses_at_most_a_second_of_a_call_that_runs(self):
        self.deploy("long")
        self.timed("long", "?")
        self.await_usage("long", "calls", 1)
        before = self.usage("long")
        begun = time.monotonic()
        caller = threading.Thread(target=self.try_to_call, args=("long", "?sleep=20"))
        caller.start()
        self.await_usage("long", "gb_seconds", before + 2 * GB)
        seen = self.usage("long")
        ran = time.monotonic() - begun
        self.hearthd.kill()
        caller.join()
        self.hearthd.start()
        kept = self.usage("long")
        self.assertGreaterEqual(kept, seen)
        self.assertGreaterEqual(kept - before, (ran - TICK) * GB)
        self.assertLessEqual(kept - before, (time.monotonic() - begun) * GB)
        self.timed("long", "?")
        self.assertEqual(self.await_usage("long", "calls", 2), 2)
        tell(f"killed {ran:.2f} s into a call: {(kept - before) / GB:.2f} s of it are metered")
        self.hearthd.fn("delete", "long")

    def try_to_call(self, name, path):
        try:
            self.hearthd.call(name, path)
        except OSError:
            pass  # hearthd is killed under it

    def test_tells_how_calls_went_wrong(self):
        self.deploy("wrong", timeout="2s", least=1)
        self.hearthd.await_state("wrong", "warm", 60)  # no start is held to the calls' deadline
        statuses = [self.hearthd.call("wrong", path).status
                    for path in ("?", "?status=404", "?status=503", "?raise=1", "?exit=1")]
        self.assertEqual(statuses, [200, 404, 503, 500, 502])
        wait_for("it is back", lambda: self.hearthd.call("wrong", "?").status == 200, 30)
        self.assertEqual(self.hearthd.call("wrong", "?sleep=3").status, 504)
        self.hearthd.deploy_python("broken", "import nothing_of_that_name\ndef handle(request, context): return ''")
        self.assertGreaterEqual(self.hearthd.call("broken").status, 500)

        self.await_usage("wrong", "errors.timed_out", 1)
        self.assertEqual(self.usage("wrong", "errors.failed"), 2)
        self.assertEqual(self.usage("wrong", "errors.died"), 1)
        self.assertEqual(self.usage("wrong", "client_errors.rejected"), 1)
        self.await_usage("broken", "errors.refused.function", 1)
        self.assertEqual(self.usage("broken", "calls"), 1)
        self.assertGreaterEqual(self.usage("broken", "failed_starts"), 1)
        self.assertEqual(self.usage("broken", "gb_seconds"), 0)
        for name in ("wrong", "broken"):
            self.hearthd.fn("delete", name)

    def test_counts_each_cold_start_and_writes_nothing_while_all_is_cold(self):
        self.deploy("napper", idle_timeout="1s")
        for starts in (1, 2):
            self.timed("napper", "?")
            self.hearthd.await_state("napper", "cold")
            self.assertEqual(self.await_usage("napper", "cold_starts", starts), starts)
        self.hearthd.await_nothing_left()

        def written():
            return [(file.name, file.stat().st_mtime_ns, file.stat().st_size)
                    for file in sorted(self.hearthd.state_dir.glob("hearth.db*"))]

        def quiet():
            seen = written()
            time.sleep(2.2)  # two ticks in which it could write
            return written() == seen

        wait_for("the store is left alone", quiet, 20)
        self.hearthd.fn("delete", "napper")


if __name__ == "__main__":
    unittest.main()
