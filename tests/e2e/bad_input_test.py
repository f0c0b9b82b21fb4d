"""What bad input gets: each fault its own words, with the log's end where there is one, and nothing broken by it."""

import json
import unittest

from support.calls import call
from support.cases import HearthdCase
from support.hearthd import problem

# Perl, since it is in every Debian image: nothing needs to be installed.
SERVER = r"""
    use IO::Socket::INET;
    $| = 1;
    my $kind = shift;

    sub serve {
        my ($host, $port) = @_;
        my $server = IO::Socket::INET->new(LocalAddr => $host, LocalPort => $port, Listen => 16) or die "no port: $!";
        print "serving on $host $port\n";
        while (my $client = $server->accept) {
            while (<$client>) { last if /^\r?$/ }
            print $client "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
            close $client;
        }
    }

    print "the last words\n";
    exit 3 if $kind eq "exits";
    exit 0 if $kind eq "ends";
    serve("0.0.0.0", 9999) if $kind eq "elsewhere";
    serve("127.0.0.1", $ENV{PORT}) if $kind eq "loopback";
    sleep 600 if $kind eq "silent";
    serve("0.0.0.0", $ENV{PORT});
"""


class WrongManifest(HearthdCase):
    def refused(self, manifest, **files):
        outcome = self.hearthd.deploy("wrong", {"fn.yaml": manifest, **files}, check=False)
        self.assertEqual(outcome.returncode, 3, outcome)
        self.assertEqual(self.hearthd.ask("GET", "/v1/namespaces/default/functions/wrong").status, 404)
        return outcome.stderr

    def test_an_unknown_key_is_told_with_its_place_and_the_nearest_one(self):
        self.assertEqual(self.refused("name: wrong\nimage: x\nlimits:\n  memmory: 64Mi\n"),
                         "error: fn.yaml:4:3: limits.memmory: unknown key; did you mean memory?\n")

    def test_yaml_that_is_none_is_told_with_its_place(self):
        self.assertRegex(self.refused("name: wrong\n\timage: x\n"), r"^error: fn\.yaml:2:1: ")

    def test_a_runtime_that_is_not_there(self):
        self.assertRegex(self.refused_by_server("name: wrong\nruntime: pyton\nhandler: a.py:b\n"), "pyton.*\n.*python")

    def test_an_image_that_is_not_there(self):
        self.assertIn("no-such-image.invalid/x:1 is not in Docker",
                      self.refused_by_server("name: wrong\nimage: no-such-image.invalid/x:1\n"))

    def refused_by_server(self, manifest):
        outcome = self.hearthd.deploy("wrong", {"fn.yaml": manifest, "a.py": ""}, check=False)
        self.assertEqual(outcome.returncode, 3, outcome)
        self.hearthd.delete("wrong")
        return outcome.stderr


class FailingBuild(HearthdCase):
    def assert_running_revision_is_left_alone(self, name, fail):
        self.hearthd.deploy_python(name, "def handle(request, context): return 'one'")
        self.assertEqual(self.hearthd.call(name).text, "one")
        before = self.hearthd.containers(name)
        outcome = fail()
        self.assertEqual(outcome.returncode, 3, outcome)
        self.assertEqual(outcome.stdout, "")
        self.assertEqual(self.hearthd.call(name).text, "one")
        self.assertEqual(self.hearthd.containers(name), before)
        function = self.hearthd.function(name)
        self.assertEqual((function["active"], function["latest"]), (1, 2))
        revisions = self.hearthd.function(name, "/revisions")["items"]
        self.assertEqual([one["state"] for one in revisions], ["failed", "ready"])
        self.assertIn("error:", self.hearthd.fn("get", name).stdout)
        self.hearthd.delete(name)
        return outcome.stderr

    def test_a_dockerfiles_step_is_named_with_its_last_lines(self):
        dockerfile = "FROM debian:bookworm-slim\nRUN true\nRUN echo the last words && exit 7\n"
        told = self.assert_running_revision_is_left_alone(
            "boxed", lambda: self.hearthd.deploy(
                "boxed", {"fn.yaml": "name: boxed\nbuild: ./Dockerfile\n", "Dockerfile": dockerfile}, check=False))
        self.assertRegex(told, r"error: .*RUN echo the last words")
        self.assertIn("\n  the last words\n", told)
        self.assertIn("7", told)

    def test_requirements_that_cannot_be_had_are_named(self):
        files = {"fn.yaml": "name: needy\nruntime: python\nhandler: handler.py:handle\n", "handler.py": "",
                 "requirements.txt": "./no-such-folder\n"}
        told = self.assert_running_revision_is_left_alone(
            "needy", lambda: self.hearthd.deploy("needy", files, check=False))
        self.assertIn("no-such-folder", told)
        self.assertRegex(told, r"error: .*(pip|requirements)")


class CannotStart(HearthdCase):
    """Each way has its own words: for the caller, for `fn invoke`, for `fn status` and `fn get`."""

    def told(self, name):
        outcome = self.hearthd.fn("invoke", name, check=False)
        self.assertEqual(outcome.returncode, 1, outcome)
        answer = self.hearthd.call(name)
        self.assertEqual(answer.status, 502, answer)
        document = problem(answer)
        self.assertEqual(document["layer"], "function", document)
        self.assertIn(document["detail"], outcome.stderr)
        self.assertIn(document["detail"], self.hearthd.fn("status", name).stdout)
        self.assertIn(document["detail"], self.hearthd.fn("get", name).stdout)
        self.assertEqual(self.hearthd.function(name)["state"], "error")
        self.hearthd.delete(name)
        self.hearthd.await_nothing_left(5)
        return document

    def boxed(self, kind, timeout="2s"):
        name = f"box-{kind}"
        self.hearthd.deploy(name, {
            "fn.yaml": f"name: {name}\nbuild: Dockerfile\nscale: {{start_timeout: {timeout}}}\n", "server.pl": SERVER,
            "Dockerfile": f'FROM debian:bookworm-slim\nCOPY server.pl /\nCMD ["perl", "/server.pl", "{kind}"]\n'})
        return name

    def test_a_container_that_exits_at_once(self):
        document = self.told(self.boxed("exits", "30s"))
        self.assertIn("exited with code 3 before it listened", document["detail"])
        self.assertIn("the last words", document["log"])

    def test_a_container_whose_work_is_done_at_once(self):
        document = self.told(self.boxed("ends", "30s"))
        self.assertIn("exited with code 0 before it listened", document["detail"])
        self.assertIn("keep running", document["hint"])

    def test_a_container_that_never_listens(self):
        document = self.told(self.boxed("silent"))
        self.assertIn("never listened on $PORT (8080) within 2s", document["detail"])
        self.assertIn("the last words", document["log"])

    def test_a_container_that_listens_on_the_wrong_port(self):
        document = self.told(self.boxed("elsewhere"))
        self.assertIn("listens on port 9999, not on $PORT (8080)", document["detail"])
        self.assertIn("serving on 0.0.0.0 9999", document["log"])

    def test_a_container_that_listens_on_loopback_only(self):
        document = self.told(self.boxed("loopback"))
        self.assertIn("127.0.0.1:8080 only", document["detail"])
        self.assertIn("0.0.0.0", document["hint"])

    def test_a_container_that_does_it_right(self):
        name = self.boxed("right", "30s")
        self.assertEqual(self.hearthd.call(name).text, "ok")
        self.hearthd.delete(name)

    def test_a_handler_that_does_not_load(self):
        rows = {"syntax": ("def handle(request, context:\n", "handler.py:1 does not parse"),
                "import": ("import no_such_module\n\ndef handle(request, context): pass\n", "no_such_module"),
                "raises": ("raise RuntimeError('not today')\n", "not today"),
                "absent": ("def other(request, context): pass\n", "handle")}
        for kind, (handler, words) in rows.items():
            with self.subTest(kind):
                self.hearthd.deploy_python(f"py-{kind}", handler)
                document = self.told(f"py-{kind}")
                self.assertIn("the handler did not load: ", document["detail"])
                self.assertIn(words, document["detail"])


class WrongCalls(HearthdCase):
    def test_a_function_that_is_not_there(self):
        answer = self.hearthd.call("nobody")
        self.assertEqual((answer.status, problem(answer)["code"]), (404, "not_found"))
        for words in (("get", "nobody"), ("delete", "nobody"), ("logs", "nobody"), ("status", "nobody"),
                      ("invoke", "nobody")):
            outcome = self.hearthd.fn(*words, check=False)
            self.assertEqual(outcome.returncode, 3, outcome)
            self.assertRegex(outcome.stderr, r"^error: .*nobody.*\n")

    def test_a_body_that_is_too_large(self):
        self.hearthd.deploy_python("small", "def handle(request, context): return 'hi'", "limits: {body: 1Ki}\n")
        answer = self.hearthd.call("small", method="POST", body=b"x" * 2048)
        self.assertEqual(answer.status, 413, answer)
        self.assertEqual(problem(answer)["layer"], "limit")
        self.hearthd.delete("small")

    def test_a_call_that_takes_too_long(self):
        self.hearthd.deploy_python("slow", "import time\n\ndef handle(request, context): time.sleep(30)\n",
                                   "limits: {timeout: 1s}\n")
        outcome = self.hearthd.fn("invoke", "slow", check=False)
        self.assertEqual(outcome.returncode, 5, outcome)
        self.assertEqual(self.hearthd.call("slow").status, 504)
        self.hearthd.delete("slow")

    def test_a_wrong_token_and_none(self):
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            answer = call(f"http://{self.hearthd.api}/v1/namespaces/default/functions", headers=headers)
            self.assertEqual((answer.status, json.loads(answer.body)["code"]), (401, "denied"))
        environment = {**self.hearthd.environment(), "HEARTH_TOKEN": "wrong"}
        self.hearthd.environment = lambda: environment
        outcome = self.hearthd.fn("list", check=False)
        del self.hearthd.environment
        self.assertEqual(outcome.returncode, 3)
        self.assertIn("refused the token of HEARTH_TOKEN", outcome.stderr)


if __name__ == "__main__":
    unittest.main()
