"""The starter as a newcomer meets it: its own test passes with nothing installed, and its handler serves."""

import json
import os
import subprocess
import sys
import unittest

from replica import ROOT, Replica

STARTER = os.path.join(ROOT, "templates/python/starter")


class Starter(unittest.TestCase):
    def test_its_own_test_passes(self):
        run = subprocess.run([sys.executable, "-m", "unittest"], cwd=STARTER, capture_output=True, text=True,
                             env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("Ran 3 tests", run.stderr)

    def test_its_handler_greets(self):
        with open(os.path.join(STARTER, "handler.py")) as file, Replica(file.read()) as replica:
            answer = replica.call("POST", "/", b'{"name":"Ada"}', ["Content-Type: application/json"])
            self.assertEqual(json.loads(answer.body), {"message": "Hello, Ada!"})
            self.assertEqual(json.loads(replica.call(target="/?name=Bob").body), {"message": "Hello, Bob!"})
            self.assertEqual(json.loads(replica.call().body), {"message": "Hello, world!"})


class RequestsInTests(unittest.TestCase):
    def test_a_request_can_be_made_without_hearth(self):
        code = ("from hearth import Request, Response, Context\n"
                "r = Request(method='POST', json={'a': 1}, query={'q': 'x'})\n"
                "assert r.json() == {'a': 1} and r.query['q'] == 'x' and r.headers['Content-Type']\n"
                "p = Request(params={'id': 'a/b é'}).params\n"
                "assert p == {'id': 'a/b é'} and p['ID'] == 'a/b é' and Request().params == {}\n"
                "assert Request(headers={'Hearth-Param-userId': 'a%2Fb%20c'}).params['userId'] == 'a/b c'\n"
                "assert Response(body={'b': 2}).json() == {'b': 2}\n"
                "assert 0 < Context('c', timeout=2).remaining() <= 2\n")
        subprocess.run([sys.executable, "-c", code], check=True, cwd="/",
                       env={**os.environ, "PYTHONPATH": os.path.join(ROOT, "templates/python/bootstrap"),
                            "PYTHONDONTWRITEBYTECODE": "1"})
