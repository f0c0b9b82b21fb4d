"""The shell runtime's own: what a process is told, what becomes of its ends, and that nothing of it stays."""

import os
import unittest

from replica import Replica
from support.cases import HearthdCase
from support.raw_http import until
from support.waiting import wait_for

HANDLER = r"""#!/bin/sh
case $PATH_INFO in
  /env) env | sort ;;
  /fail) echo 'one' >&2; echo 'the last words' >&2; exit 9 ;;
  /killed) kill -9 $$ ;;
  /silent) exit 0 ;;
  /deaf) exec true ;;
  /children) sleep 1000 & echo $! ;;
  /stubborn) trap '' TERM; echo begun; while :; do sleep 0.05; done ;;
  /head) echo 'no colon' >&3; echo x ;;
  /status) echo 'Status: many' >&3; echo x ;;
  /inject) printf 'X-A: 1\nStatus: 201 Created\n\n' >&3; echo made ;;
  /cat) cat ;;
  /ps) ls -d /proc/[0-9]* | wc -l ;;
esac
"""


class Shell(HearthdCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.hearthd.write("sh", {"fn.yaml": "name: sh\nruntime: shell\nenv: {LEVEL: info}\n", "handler.sh": HANDLER})
        os.chmod(folder / "handler.sh", 0o755)
        cls.hearthd.fn("deploy", cwd=folder)

    def get(self, path, **options):
        return self.hearthd.call("sh", path, **options)

    def test_one_call_at_a_time_where_nothing_else_is_said(self):
        self.assertEqual(self.hearthd.function("sh")["spec"]["limits"]["concurrency"], 1)

    def test_what_a_process_is_told(self):
        told = self.get("/env?a=1&b=%20", headers={"X-Two-Words": "x", "Proxy": "http://evil"}).text
        lines = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        self.assertEqual((lines["REQUEST_METHOD"], lines["PATH_INFO"], lines["QUERY_STRING"], lines["HTTP_X_TWO_WORDS"],
                          lines["LEVEL"]), ("GET", "/env", "a=1&b=%20", "x", "info"))
        self.assertNotIn("HTTP_PROXY", lines)  # programs take their proxy from it
        self.assertTrue(lines["HEARTH_CALL_ID"] and lines["TRACEPARENT"] and int(lines["HEARTH_DEADLINE_MS"]) > 0)

    def test_a_code_other_than_0_is_a_500_with_its_last_words(self):
        answer = self.get("/fail")
        self.assertEqual(answer.status, 500)
        self.assertIn("handler.sh ended with code 9: one\nthe last words", answer.json()["detail"])
        self.assertIn("was ended by SIGKILL", self.get("/killed").json()["detail"])

    def test_no_output_is_an_empty_answer(self):
        self.assertEqual((self.get("/silent").status, self.get("/silent").body), (200, b""))

    def test_what_it_says_of_its_answer_is_looked_at(self):
        self.assertIn("descriptor 3 takes lines like", self.get("/head").json()["detail"])
        self.assertIn("Status on descriptor 3 is a number", self.get("/status").json()["detail"])
        answer = self.get("/inject")
        self.assertEqual((answer.status, answer.headers["X-A"], answer.text), (201, "1", "made\n"))

    def test_a_process_need_not_read_what_it_is_sent(self):
        self.assertEqual(self.get("/deaf", method="POST", body=b"x" * (4 << 20)).status, 200)

    def test_a_body_goes_through_both_ways_at_once(self):
        body = os.urandom(5 << 20)
        self.assertEqual(self.get("/cat", method="POST", body=body).body, body)

    def test_children_end_with_their_call(self):
        child = self.get("/children").text.strip()
        self.assertTrue(child.isdigit())
        wait_for("only the server and the one who looks are left", lambda: int(self.get("/ps").text) <= 6)

    def test_a_hundred_calls_leave_no_process(self):
        before = int(self.get("/ps").text)
        for _ in range(100):
            self.get("/silent")
        wait_for("none is left", lambda: int(self.get("/ps").text) <= before)


class Leaving(HearthdCase):
    def test_one_that_ignores_sigterm_is_ended_all_the_same(self):
        folder = self.hearthd.write("stubborn", {"fn.yaml": "name: stubborn\nruntime: shell\n", "handler.sh": HANDLER})
        os.chmod(folder / "handler.sh", 0o755)
        self.hearthd.fn("deploy", cwd=folder)
        image = self.hearthd.function("stubborn", "/revisions/1")["image"]
        with Replica(self.hearthd.docker, image, "handler.sh") as replica:
            client = replica.connect()
            client.request(target="/stubborn")
            client.head()
            client.chunk()
            busy = int(replica.call(target="/ps").text)
            client.close()
            until(lambda: int(replica.call(target="/ps").text) < busy)


if __name__ == "__main__":
    unittest.main()
