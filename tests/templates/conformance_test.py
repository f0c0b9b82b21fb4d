"""What every runtime keeps of docs/reference/container.md, tried on a function that is the same in each language.

Most is tried on a container of the function's image, whose socket is within our reach; some through hearthd, as a user's
call comes. All of it is one module to unittest, since the function is deployed once for a module.
"""

import json
import os
import re
import shutil
import unittest
from concurrent.futures import ThreadPoolExecutor

import conformance_calls
import conformance_http
from conforming import FOLDER, RUNTIME, World, can
from support.calls import call
from support.cases import tell
from support.hearthd import problem
from support.waiting import wait_for


class OnItsSocket(conformance_http.Http, conformance_calls.Calls):
    pass


class ThroughHearthd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hearthd = World.get().hearthd

    def test_functions_that_differ_in_a_word_can_be_built_at_once(self):
        def deploy(word):
            self.hearthd.fn("deploy", cwd=self.copy_that_says(word), timeout=400)
            return self.hearthd.call(word, "/hello").text

        words = ["first", "other"]
        with ThreadPoolExecutor() as both:
            self.assertEqual([text.strip() for text in both.map(deploy, words)], words)

    def copy_that_says(self, word):
        """The function under the name of the word that it says in the place of `hello`."""
        folder = self.hearthd.folder / "functions" / word
        shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("target"))
        for file in (one for one in folder.rglob("*") if one.is_file()):
            file.write_text(re.sub(r"(?<!/)\bhello\b", word, file.read_text()))
        settings = (folder / "fn.yaml").read_text().replace("conforms\n", f"{word}\n", 1)
        (folder / "fn.yaml").write_text(re.sub("triggers: .*\n", "", settings))
        return folder

    def test_a_call(self):
        answer = self.hearthd.call("conforms", "/hello")
        self.assertEqual((answer.status, answer.text.strip()), (200, "hello"))
        self.assertIn("exec;dur=", answer.headers["Server-Timing"])

    def test_a_cold_start_takes_a_cell_that_is_ready(self):
        def cells():
            return next(iter(self.hearthd.ask("GET", "/v1/info").json()["cells"]), {"ready": 0, "taken": 0})

        wait_for("a cell is ready", lambda: cells()["ready"] > 0, 60)
        taken = cells()["taken"]
        for container in self.hearthd.containers("conforms"):
            self.hearthd.docker.remove(container)
        self.hearthd.await_state("conforms", "cold")
        answer = self.hearthd.call("conforms", "/hello")
        self.assertEqual((answer.status, answer.text.strip()), (200, "hello"))
        self.assertEqual(cells()["taken"], taken + 1)
        tell(f"{RUNTIME}, cold in a cell: {answer.headers['Server-Timing']}")

    @can("echo")
    def test_a_body_both_ways(self):
        body = os.urandom(3 << 20)
        self.assertEqual(self.hearthd.call("conforms", "/echo", "POST", body).body, body)

    @can("params")
    def test_parameters_of_a_route(self):
        answer = call(f"http://{self.hearthd.gateway}/people/a%2Fb/x/y?id=no", headers={
            "Host": "conforms.test", "Hearth-Param-id": "forged", "Hearth-Param-other": "forged"})
        self.assertEqual(json.loads(answer.body), {"id": "a/b", "rest_of": "x/y"})

    @can("log")
    def test_a_line_is_shown_with_its_call(self):
        answer = self.hearthd.call("conforms", "/log")
        call_id = answer.headers["Hearth-Call-Id"]

        def lines():
            shown = self.hearthd.ask("GET", "/v1/namespaces/default/functions/conforms/logs?tail=1000").text
            return [one for one in map(json.loads, shown.splitlines()) if one.get("call") == call_id]

        wait_for("the call's lines are in the log", lambda: len(lines()) >= 2)

    @can("crash")
    def test_a_crash_is_a_502_with_the_reason_and_the_next_call_works(self):
        self.assertEqual(self.hearthd.call("conforms", "/hello").status, 200)
        answer = self.hearthd.call("conforms", "/crash", "POST", b"")
        self.assertEqual((answer.status, problem(answer)["layer"]), (502, "function"))
        wait_for("it answers again", lambda: self.hearthd.call("conforms", "/hello").status == 200, 60)


if __name__ == "__main__":
    unittest.main()
