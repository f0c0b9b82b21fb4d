"""Durable calls: stored before they are acknowledged, tried again, given up, remembered; over kill -9 and a full disk."""

import json
import os
import random
import re
import shutil
import tempfile
import threading
import time
import unittest

from support.cases import HearthdCase, tell
from support.hearthd import problem
from support.waiting import wait_for

# Writes down each call that reaches it, since what it answers may be lost on the way.
NOTES = """
    import json
    import time
    from hearth import Response

    seen = {}

    def handle(request, context):
        id = request.headers["hearth-call-id"]
        seen[id] = seen.get(id, 0) + 1
        if "sleep" in request.query:
            time.sleep(float(request.query["sleep"]))
        if "fail" in request.query and int(request.headers["hearth-attempt"]) <= int(request.query["fail"]):
            return Response(int(request.query.get("status", 500)), body="not yet")
        if "large" in request.query:
            return b"x" * int(request.query["large"])
        print("ran", id, flush=True)
        return Response(201, headers={"X-Mark": "kept"}, body=json.dumps({
            "method": request.method, "path": request.path, "size": len(request.body),
            "headers": {k.lower(): v for k, v in request.headers.items()}}))
"""
QUICK = "retry: {attempts: 3, backoff: 50ms, max_backoff: 200ms}\nlimits: {concurrency: 8}"


class Async(HearthdCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hearthd.deploy_python("notes", NOTES, QUICK)

    def send(self, path="", body=b"", method="POST", headers=None, name="notes", expect=202):
        answer = self.hearthd.raw(f"/async/{name}{path}", method, body, headers or {})
        self.assertEqual(answer.status, expect, answer.text)
        return answer

    def stored(self, *words, **options):
        return self.send(*words, **options).json()["id"]

    def standing(self, id):
        answer = self.hearthd.raw(f"/async/{id}")
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json()

    def await_end(self, id, state="succeeded", seconds=30):
        wait_for(f"{id} is {state}", lambda: self.standing(id)["state"] == state, seconds, between=0.02)
        return self.standing(id)

    def result(self, id):
        return self.hearthd.raw(f"/async/{id}/result")

    def test_a_call_is_acknowledged_and_its_answer_is_kept(self):
        answer = self.send("/a/b?c=d", b"some data", headers={"Content-Type": "text/plain", "X-Own": "1",
                                                             "Hearth-Attempt": "9", "X-Forwarded-For": "6.6.6.6"})
        id = answer.json()["id"]
        self.assertEqual(answer.headers["Location"], f"/async/{id}")
        self.assertEqual(answer.headers["Hearth-Call-Id"], id)
        self.assertEqual(answer.json()["function"], "notes")
        end = self.await_end(id)
        self.assertEqual((end["attempts"], end["status"]), (1, 201))
        kept = self.result(id)
        self.assertEqual((kept.status, kept.headers["X-Mark"]), (201, "kept"))
        told = kept.json()
        self.assertEqual((told["method"], told["path"], told["size"]), ("POST", "/a/b", 9))
        headers = told["headers"]
        self.assertEqual(headers["content-type"], "text/plain")
        self.assertEqual(headers["x-own"], "1")
        self.assertEqual(headers["hearth-call-id"], id)
        self.assertEqual(headers["hearth-attempt"], "1")
        self.assertEqual(headers["hearth-trigger"], "http")
        self.assertEqual(headers["x-forwarded-for"], "127.0.0.1")
        self.assertEqual(headers["x-forwarded-prefix"], "/async/notes")

    def test_what_fails_is_tried_again_and_given_up_with_its_last_answer(self):
        again = self.await_end(self.stored("/?fail=2"))
        self.assertEqual(again["attempts"], 3)
        dead = self.await_end(self.stored("/?fail=9"), "dead")
        self.assertEqual((dead["attempts"], dead["status"]), (3, 500))
        self.assertEqual(dead["reason"], "the function answered 500")
        kept = self.result(dead["id"])
        self.assertEqual((kept.status, kept.text), (500, "not yet"))
        wrong = self.await_end(self.stored("/?fail=9&status=422"), "dead")
        self.assertEqual(wrong["attempts"], 1)

    def test_bodies_of_any_size_come_whole_both_ways_and_are_never_whole_in_memory(self):
        before = self.hearthd.resident_mib()
        for size in (0, 1, 65536, 65537, 40 << 20):
            id = self.stored(f"/?large={size}", os.urandom(size))
            self.await_end(id)
            self.assertEqual(len(self.result(id).body), size)
            self.assertEqual(json.loads(self.result(self.await_end(self.stored("", b"y" * size))["id"]).text)["size"], size)
        self.assertLess(self.hearthd.resident_mib() - before, 12)

    def test_wrong_ones_are_refused_before_anything_is_stored(self):
        self.assertIn("no function none", problem(self.send(name="none", expect=404))["detail"])
        self.assertIn("longer than a stored call's", problem(self.send(body=b"z" * ((64 << 20) + 1), expect=413))["detail"])
        self.assertIn("no call", problem(self.hearthd.raw("/async/" + "0" * 32))["detail"])
        self.assertEqual(self.hearthd.raw("/async/notes").status, 404)
        pending = self.stored("/?sleep=0.5")
        self.assertIn("it is queued", problem(self.result(pending))["detail"])
        self.await_end(pending)

    def api(self, path, method="GET", namespace="default"):
        return self.hearthd.ask(method, f"/v1/namespaces/{namespace}/calls{path}")

    def test_what_is_stored_is_listed_shown_cancelled_and_redriven(self):
        self.hearthd.deploy_python("ledger", NOTES, QUICK)
        sent = {"Authorization": "Bearer mine", "X-Own": "1"}
        dead = [self.stored("/?fail=9&status=422", b"z" * 70_000, name="ledger", headers=sent) for _ in range(3)]
        for id in dead:
            self.await_end(id, "dead")
        done = self.stored("/done?token=mine", name="ledger")
        self.await_end(done)
        runs = self.stored("/?sleep=5", name="ledger")
        wait_for("it runs", lambda: "started" in self.api(f"/{runs}").json(), 30, between=0.02)

        listed = [call["id"] for call in self.api("?function=ledger&limit=4").json()["items"]]
        self.assertEqual(listed, [runs, done, *dead[:0:-1]])
        self.assertEqual(self.api("?function=ledger&limit=4").json()["next"], dead[1])
        shown = self.api(f"/{dead[0]}").json()
        self.assertEqual((shown["state"], shown["request"]["size"], shown["answer"]["status"]), ("dead", 70_000, 422))
        self.assertEqual([one["reason"] for one in shown["failures"]], ["the function answered 422"])
        self.assertIn({"name": "Authorization", "hidden": True}, shown["request"]["headers"])
        self.assertIn({"name": "X-Own", "value": "1"}, shown["request"]["headers"])
        self.assertEqual(self.api(f"/{done}").json()["request"]["target"], "/done?token=(hidden)")
        self.assertEqual(self.api(f"/{dead[0]}/body").body, b"z" * 70_000)
        self.assertEqual(json.loads(self.api(f"/{done}/result").body)["path"], "/done")
        self.assertEqual(self.api(f"/{done}", namespace="team").status, 404)

        self.assertEqual(self.api(f"/{runs}/cancel", "POST").json()["state"], "cancelled")
        self.assertEqual(self.api(f"/{runs}/cancel", "POST").status, 409)
        self.assertEqual(self.api(f"/{done}/redrive", "POST").status, 409)
        page = self.api("/redrive?function=ledger&limit=2", "POST").json()
        self.assertEqual(page, {"redriven": 2, "next": dead[1]})
        self.assertEqual(self.api(f"/redrive?function=ledger&limit=2&after={page['next']}", "POST").json(), {"redriven": 1})
        for id in dead:
            self.assertEqual(self.await_end(id, "dead")["attempts"], 1)
        metrics = self.hearthd.ask("GET", "/metrics").text
        self.assertIn('hearth_durable_call_attempts_total{namespace="default",function="ledger",ending="given_up"} 6\n', metrics)
        self.assertRegex(metrics, r"hearth_call_store_commits_total [1-9]")

    def test_fn_stores_waits_lists_cancels_and_redrives(self):
        fn = self.hearthd.fn
        answer = fn("invoke", "notes", "--async", "--wait", "--path", "/a?fail=1", "--data", "hello")
        self.assertEqual((answer.returncode, json.loads(answer.stdout)["size"]), (0, 5), answer.stderr)
        failed = fn("invoke", "notes", "--async", "--wait", "--path", "/?fail=9&status=410", check=False)
        self.assertEqual((failed.returncode, failed.stdout), (1, "not yet"), failed.stderr)
        id = re.search(r"stored as (\w+)", failed.stderr)[1]
        self.assertIn(f"{id}  notes", fn("calls", "list", "--function", "notes", "--state", "dead").stdout)
        self.assertRegex(fn("calls", "get", id).stdout, r"(?m)^1 .* 410 +the function answered 410$")
        self.assertEqual(fn("calls", "get", id, "--result").stdout, "not yet")
        self.assertEqual(fn("calls", "redrive", id).stdout, f"redriven {id}\n")
        self.await_end(id, "dead")
        slow = fn("invoke", "notes", "--async", "--path", "/?sleep=5").stdout.strip()
        self.assertEqual(fn("calls", "cancel", slow).stdout, f"cancelled {slow}\n")
        self.assertIn("is cancelled", fn("calls", "cancel", slow, check=False).stderr)

    def test_a_flood_leaves_room_for_those_who_wait(self):
        self.hearthd.deploy_python("narrow", NOTES, "limits: {concurrency: 4}\nscale: {max: 1}")
        self.hearthd.call("narrow")
        flood = [self.stored("/?sleep=0.2", name="narrow") for _ in range(40)]
        slowest = 0
        while self.standing(flood[-1])["state"] == "queued":
            begun = time.monotonic()
            self.assertEqual(self.hearthd.call("narrow").status, 201)
            slowest = max(slowest, time.monotonic() - begun)
        tell(f"beside a flood of stored calls the slowest synchronous one took {slowest * 1000:.0f} ms")
        self.assertLess(slowest, 1.5)

    def test_no_acknowledged_call_is_lost_over_kills(self):
        hearthd = self.hearthd
        acknowledged, stop = [], threading.Event()

        def produce():
            while not stop.is_set():
                try:
                    answer = hearthd.raw("/async/notes", "POST", b"x" * random.choice((10, 70_000)), {}, timeout=5)
                    if answer.status == 202:
                        acknowledged.append(answer.json()["id"])
                except OSError:
                    time.sleep(0.01)

        threads = [threading.Thread(target=produce) for _ in range(4)]
        for thread in threads:
            thread.start()
        kills = int(os.environ.get("HEARTH_TEST_KILLS", "3"))
        for _ in range(kills):
            already = len(acknowledged)
            wait_for("calls are stored", lambda: len(acknowledged) > already + 20, 60, between=0.01)
            time.sleep(random.random() * 0.3)
            hearthd.kill()
            hearthd.start()
        stop.set()
        for thread in threads:
            thread.join()
        for id in acknowledged:
            self.await_end(id, seconds=60)
        tell(f"{len(acknowledged)} acknowledged calls over {kills} kills: all ran")


class FullDisk(HearthdCase):
    """Its state is on a disk of 24 MiB."""

    @classmethod
    def setUpClass(cls):
        cls.disk = tempfile.mkdtemp()
        if os.system(f"mount -t tmpfs -o size=24m none {cls.disk}") != 0:
            raise unittest.SkipTest("it mounts a small disk, and may not")
        cls.addClassCleanup(lambda: os.system(f"umount -l {cls.disk}; rmdir {cls.disk}"))
        cls.settings = {"state_dir": cls.disk}
        super().setUpClass()

    def test_acknowledged_calls_survive_and_new_ones_are_told(self):
        hearthd = self.hearthd
        hearthd.deploy_python("notes", NOTES, QUICK)
        ids = [hearthd.raw("/async/notes/?sleep=1", "POST", b"x").json()["id"] for _ in range(20)]
        filler = os.path.join(self.disk, "filler")
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
                    file.flush()
            except OSError:
                pass
        refused = wait_for("it is told", lambda: self.refusal(), 30)
        self.assertEqual(refused.status, 507)
        self.assertIn("full", problem(refused)["detail"])
        time.sleep(1)
        os.unlink(filler)
        wait_for("it is taken again", lambda: hearthd.raw("/async/notes", "POST", b"x").status == 202, 30)
        for id in ids:
            wait_for("it ends", lambda id=id: hearthd.raw(f"/async/{id}").json()["state"] == "succeeded", 60)

    def refusal(self):
        answer = self.hearthd.raw("/async/notes", "POST", b"x" * 4000)
        return answer if answer.status != 202 else None


if __name__ == "__main__":
    unittest.main()
