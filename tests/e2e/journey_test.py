"""A function's whole way, by `fn` alone: made, deployed, called, gone cold and back, changed, looked at, deleted."""

import json
import signal
import subprocess
import sys
import unittest

from support.calls import call
from support.cases import HearthdCase, tell
from support.hearthd import program
from support.waiting import wait_for


class Journey(HearthdCase):
    def make(self, name, runtime, settings=""):
        """`fn init`, and further lines of fn.yaml."""
        self.hearthd.fn("init", name, "--runtime", runtime, "--folder", str(self.hearthd.folder / name))
        folder = self.hearthd.folder / name
        with open(folder / "fn.yaml", "a", encoding="utf-8") as manifest:
            manifest.write(settings)
        return folder

    def json_of(self, *words):
        return json.loads(self.hearthd.fn(*words, "--output", "json").stdout)

    def test_python_from_the_first_command_to_the_last(self):
        folder = self.make("hello", "python", "scale: {idle_timeout: 1s}\n")
        subprocess.run([sys.executable, "-m", "unittest"], cwd=folder, check=True, capture_output=True)

        deployed = self.hearthd.fn("deploy", cwd=folder)
        self.assertEqual(deployed.stdout, f"http://{self.hearthd.gateway}/fn/hello\n")
        self.assertEqual(self.json_of("get", "hello")["state"], "warm", "it was started once, to see that it does")
        self.hearthd.await_state("hello", "cold")

        first = self.hearthd.fn("invoke", "hello", "-v", "--data", '{"name":"Ada"}')
        self.assertEqual(json.loads(first.stdout), {"message": "Hello, Ada!"})
        self.assertRegex(first.stderr, r"status   200\ncall     \w+\ntimings  held .* cold .* init .* exec .* total ")

        warm = call(f"http://{self.hearthd.gateway}/fn/hello?name=Grace")
        self.assertEqual((warm.status, warm.json()), (200, {"message": "Hello, Grace!"}))
        self.assertIn("exec;dur=", warm.headers["Server-Timing"])
        self.assertNotIn("cold;dur=", warm.headers["Server-Timing"])
        self.assertEqual(len(self.hearthd.containers("hello")), 1)

        self.hearthd.await_state("hello", "cold")
        self.hearthd.await_nothing_left()
        again = json.loads(self.hearthd.fn("invoke", "hello", "--output", "json").stdout)
        self.assertEqual(json.loads(again["body"]), {"message": "Hello, world!"})
        self.assertGreater(again["timings_ms"]["cold"], 0)
        tell(f"back from cold in {again['timings_ms']['total']:.0f} ms")

        self.assertEqual(self.hearthd.fn("delete", "hello").stdout, "deleted hello\n")
        self.hearthd.await_nothing_left(1)
        gone = self.hearthd.fn("invoke", "hello", check=False)
        self.assertEqual(gone.returncode, 3, gone.stderr)
        self.assertEqual(self.hearthd.call("hello").status, 404)
        self.assertEqual(self.json_of("list")["items"], [])

    def test_any_dockerfile(self):
        folder = self.make("boxed", "docker")
        self.hearthd.fn("deploy", cwd=folder)
        self.assertEqual(json.loads(self.hearthd.fn("invoke", "boxed", "--path", "?name=Ada").stdout),
                         {"message": "Hello, Ada!"})
        self.hearthd.fn("delete", "boxed")
        self.hearthd.await_nothing_left(1)

    def test_what_lists_and_shows(self):
        self.hearthd.deploy_python("shown", "def handle(request, context): return 'hi'", "limits: {memory: 128Mi}\n")
        self.hearthd.fn("invoke", "shown")
        self.assertRegex(self.hearthd.fn("list").stdout, r"(?m)^shown +warm +1 +1 +python +http://\S+/fn/shown$")
        shown = self.hearthd.fn("get", "shown").stdout
        for words in ("handler    handler.py:handle", "memory 128Mi", "1 (active)"):
            self.assertIn(words, shown)
        self.assertRegex(self.hearthd.fn("status", "shown").stdout, r"shown is warm\nREPLICA .*\n[0-9a-f]{16} +1 +warm")
        self.assertRegex(self.hearthd.fn("status").stdout, r"engine name +docker\n")
        self.assertEqual(self.json_of("status", "shown")["replicas"][0]["state"], "warm")
        self.hearthd.fn("delete", "shown")

    def test_a_watched_function_shows_each_state(self):
        self.hearthd.deploy_python("watched", "def handle(request, context): return 'hi'",
                                   "scale: {idle_timeout: 1s}\n")
        watch = subprocess.Popen([program("HEARTH_TEST_FN", "fn"), "status", "watched", "--watch"],
                                 env=self.hearthd.environment(), stdout=subprocess.PIPE, text=True)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.wait)
        self.addCleanup(watch.kill)
        self.assertEqual(watch.stdout.readline(), "cold\n")
        self.hearthd.fn("invoke", "watched")
        seen = ["cold"]
        while len(seen) == 1 or seen[-1] != "cold":
            seen.append(watch.stdout.readline().split()[0])
        self.assertEqual(seen[1], "initializing")
        self.assertIn("warm", seen)
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(10), 130)
        self.hearthd.fn("delete", "watched")

    def test_logs_are_kept_when_it_is_cold_and_followed_while_it_runs(self):
        self.hearthd.deploy_python("talker", """
            def handle(request, context):
                print("heard", request.query["word"])
                return "said"
            """, "scale: {idle_timeout: 500ms}\n")
        self.hearthd.fn("invoke", "talker", "--path", "?word=one")
        self.hearthd.await_state("talker", "cold")
        wait_for("the log has the line", lambda: "heard one\n" in self.hearthd.fn("logs", "talker").stdout)

        follower = subprocess.Popen([program("HEARTH_TEST_FN", "fn"), "logs", "talker", "-f", "--tail", "1"],
                                    env=self.hearthd.environment(), stdout=subprocess.PIPE, text=True)
        self.addCleanup(follower.stdout.close)
        self.addCleanup(follower.wait)
        self.addCleanup(follower.kill)
        self.assertRegex(follower.stdout.readline(), "heard one\n$")
        call_id = json.loads(self.hearthd.fn("invoke", "talker", "--path", "?word=two", "-o", "json").stdout)["call"]
        self.assertRegex(follower.stdout.readline(), "heard two\n$")
        last = json.loads(self.hearthd.fn("logs", "talker", "--tail", "1", "-o", "json").stdout)
        self.assertEqual((last["text"].strip(), last["call"]), ("heard two", call_id))
        self.hearthd.fn("delete", "talker")

    def test_a_new_revision_takes_over_without_a_lost_call(self):
        self.hearthd.deploy_python("moving", "def handle(request, context): return 'one'")
        load = self.hearthd.load("moving", threads=2)
        try:
            wait_for("calls are answered", lambda: load.count() > 20)
            self.hearthd.deploy_python("moving", "def handle(request, context): return 'two'")
            wait_for("the new one answers", lambda: load.answers[-1][2] == "two", 30)
        finally:
            answers = load.end()
        self.assertEqual(load.statuses(), [200], [one for one in answers if one[1] != 200][:3])
        first_two = next(i for i, one in enumerate(answers) if one[2] == "two")
        tell(f"{len(answers)} calls over a rollout, none lost; the new revision from call {first_two} on")
        self.hearthd.fn("delete", "moving")
        self.hearthd.await_nothing_left(1)


if __name__ == "__main__":
    unittest.main()
