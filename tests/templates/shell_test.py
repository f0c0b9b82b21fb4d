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
  /quiet-children) sleep 1000 >/dev/null & echo $! ;;
  /daemon) setsid sleep 1000 & echo $! ;;
  /descriptors) ls /proc/self/fd ;;
  /stubborn) trap '' TERM; echo begun; while :; do sleep 0.05; done ;;
  /head) echo 'no colon' >&3; echo x ;;
  /name) echo 'X A: 1' >&3; echo x; exec sleep 1000 ;;
  /much) head -c 200000 /dev/zero | tr '\0' a >&3; echo x ;;
  /late) echo x; sleep 0.1; echo 'Status: 201' >&3; echo y ;;
  /closed) exec >&-; sleep 0.1; echo 'Status: 404' >&3 ;;
  /no-content) echo 'Status: 204' >&3; echo x; echo done >&2 ;;
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

    def processes(self):
        """How many the replica has while nothing else runs: the server, and those who look."""
        return int(self.get("/ps").text)

    def test_one_call_at_a_time_where_nothing_else_is_said(self):
        self.assertEqual(self.hearthd.function("sh")["spec"]["limits"]["concurrency"], 1)

    def test_what_a_process_is_told(self):
        told = self.get("/env?a=1&b=%20", headers={"X-Two-Words": "x", "Proxy": "http://evil"}).text
        lines = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
        self.assertEqual((lines["REQUEST_METHOD"], lines["PATH_INFO"], lines["QUERY_STRING"], lines["HTTP_X_TWO_WORDS"],
                          lines["LEVEL"]), ("GET", "/env", "a=1&b=%20", "x", "info"))
        self.assertNotIn("HTTP_PROXY", lines)  # programs take their proxy from it
        self.assertEqual(lines["REQUEST_URI"], "/env?a=1&b=%20")
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

    def test_more_than_descriptor_3_takes_is_refused_and_does_not_hang(self):
        self.assertIn("descriptor 3 takes 64 KiB", self.get("/much").json()["detail"])

    def test_a_field_that_http_cannot_carry_ends_the_process_too(self):
        before = self.processes()
        self.assertEqual(self.get("/name").status, 500)
        wait_for("it is gone", lambda: self.processes() <= before)

    def test_what_it_says_too_late_of_its_answer_does_no_harm(self):
        self.assertEqual((self.get("/late").status, self.get("/late").text), (200, "x\ny\n"))

    def test_it_may_close_its_output_and_say_its_status_after(self):
        self.assertEqual((self.get("/closed").status, self.get("/closed").body), (404, b""))

    def test_output_that_nobody_gets_is_not_in_its_way(self):
        self.assertEqual((self.get("/no-content").status, self.get("/no-content").body), (204, b""))
        self.assertEqual(self.get("/fail", method="HEAD").status, 500)

    def test_it_is_given_no_descriptor_of_ours(self):
        self.assertEqual(self.get("/descriptors").text.split(), ["0", "1", "2", "3", "4"])  # 4 is the folder that ls reads

    def test_a_process_need_not_read_what_it_is_sent(self):
        self.assertEqual(self.get("/deaf", method="POST", body=b"x" * (4 << 20)).status, 200)

    def test_a_body_goes_through_both_ways_at_once(self):
        body = os.urandom(5 << 20)
        self.assertEqual(self.get("/cat", method="POST", body=body).body, body)

    def test_children_end_with_their_call_and_do_not_hold_it(self):
        before = self.processes()
        for path in ("/children", "/quiet-children"):
            self.assertTrue(self.get(path).text.strip().isdigit(), path)
        wait_for("they are gone", lambda: self.processes() <= before)

    def test_one_that_left_its_group_does_not_hold_the_call(self):
        self.assertTrue(self.get("/daemon").text.strip().isdigit())
        self.assertEqual(self.get("/daemon", headers={"X": "1"}).status, 200)

    def test_a_hundred_calls_leave_no_process(self):
        before = self.processes()
        for _ in range(100):
            self.get("/silent")
        wait_for("none is left", lambda: self.processes() <= before)


class Direct(HearthdCase):
    """On a replica's own socket."""

    def replica(self, name, handler, *flags):
        folder = self.hearthd.write(name, {"fn.yaml": f"name: {name}\nruntime: shell\n", "handler.sh": handler})
        os.chmod(folder / "handler.sh", 0o755)
        self.hearthd.fn("deploy", *flags, cwd=folder)
        image = self.hearthd.function(name, "/revisions/1")["image"]
        return Replica(self.hearthd.docker, image, "handler.sh")

    def test_one_that_ignores_sigterm_is_ended_all_the_same(self):
        with self.replica("stubborn", HANDLER) as replica:
            client = replica.connect()
            client.request(target="/stubborn")
            client.head()
            client.chunk()
            busy = int(replica.call(target="/ps").text)
            client.close()
            until(lambda: int(replica.call(target="/ps").text) < busy)

    def test_half_a_body_does_not_look_whole(self):
        handler = ("#!/bin/sh\ncase $PATH_INFO in\n  /take) trap '' TERM; echo $$ >/tmp/pid; cat >/tmp/body; touch /tmp/whole ;;\n"
                   "  *) ls /tmp; [ ! -d /proc/$(cat /tmp/pid) ] || echo running ;;\nesac\n")
        with self.replica("half", handler) as replica:
            client = replica.connect()
            client.send(b"POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
            until(lambda: "body" in replica.call(target="/ls").text)
            client.close()
            until(lambda: "running" not in replica.call(target="/ls").text)
            self.assertEqual(replica.call(target="/ls").text.split(), ["body", "pid"])

    def test_bytes_of_path_and_fields_arrive_as_they_were(self):
        handler = "#!/bin/sh\nprintf '%s|%s|%s|%s' \"$PATH_INFO\" \"$REQUEST_URI\" \"$HTTP_X_A\" \"$CONTENT_LENGTH\"\n"
        with self.replica("bytes", handler) as replica:
            client = replica.connect()
            self.addCleanup(client.close)
            client.send(b"GET /a%20b/%C3%A9 HTTP/1.1\r\nHost: x\r\nX-A: \xc3\xa9\r\nContent_Length: 7\r\nX_A: forged\r\n\r\n")
            self.assertEqual(client.answer().body.decode(), "/a b/é|/a%20b/%C3%A9|é|")
            self.assertEqual(replica.call(target="/%00").status, 400)

    def test_a_missing_interpreter_is_said_at_the_start(self):
        for name, first, words in (("crlf", "#!/bin/sh\r\n", "end as on Windows"), ("lua", "#!/usr/bin/lua\n", "/usr/bin/lua")):
            replica = self.replica(name, first + "echo hi\n", "--no-verify")
            self.addCleanup(replica.__exit__)
            self.assertEqual(replica.exit_code(), 121)
            self.assertIn(words, replica.log()[-1])

    def test_a_missing_interpreter_is_said_at_deploy(self):
        folder = self.hearthd.write("ruby", {"fn.yaml": "name: ruby\nruntime: shell\n", "handler.sh": "#!/usr/bin/ruby\n"})
        os.chmod(folder / "handler.sh", 0o755)
        done = self.hearthd.fn("deploy", cwd=folder, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("/usr/bin/ruby", done.stderr)


if __name__ == "__main__":
    unittest.main()
