"""What the node runtime keeps besides what all do: the Fetch API, failures that nobody caught, CommonJS, TypeScript, npm."""

import json
import os
import re
import time
import unittest
from pathlib import Path

from replica import Replica, sections
from starters_test import BASE, build, docker
from support.cases import tell
from support.hearthd import Hearthd
from support.raw_http import until

IS_NUMBER_6 = "sha512-Wu1VHeILBK8KAWJUAiSZQX94GmOE45Rg6/538fKwiloUu21KncEkYGPqob2oSZ5mUT73vLGrHQjKw3KMPwfDzg=="
FUNCTIONS = Path(__file__).resolve().parent / "node"


class Node(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hearthd = Hearthd()
        cls.addClassCleanup(cls.hearthd.close)

    @classmethod
    def image_of(cls, name):
        return cls.hearthd.function(name, "/revisions/1")["image"]

    def replica(self, name, handler):
        return self.enterContext(Replica(self.hearthd.docker, self.image_of(name), handler))

    def refused(self, name, files):
        """What `fn deploy` of such files says, which it must refuse."""
        done = self.hearthd.deploy(name, files, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stdout + done.stderr


class Fetches(Node):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hearthd.fn("deploy", cwd=FUNCTIONS / "fetches")
        cls.node = cls.enterClassContext(Replica(cls.hearthd.docker, cls.image_of("fetches"), "handler.mjs"))

    def test_the_request_is_one_to_all_who_look(self):
        answer = self.node.call("POST", "/request", b"body", ["X-Test: value"])
        self.assertEqual((answer.status, answer.text), (200, "body"))

    def test_the_response_is_one_to_all_who_look(self):
        answer = self.node.call(target="/response")
        self.assertEqual((answer.status, answer.text), (200, "as it should be"))

    def test_the_url_is_what_the_caller_asked_for(self):
        self.assertEqual(self.node.call(target="/url?a=b").text, "http://greet/url?a=b")
        told = self.node.call(target="/url", headers=["X-Forwarded-Proto: https", "X-Forwarded-Host: example.org"])
        self.assertEqual(told.text, "https://example.org/url")
        self.assertEqual(self.node.call(target="/url", headers=["X-Forwarded-Host: a b"]).text, "http://localhost/url")

    def test_bodies_of_every_reading(self):
        self.assertEqual(json.loads(self.node.call("POST", "/json", b'{"a":[1]}').body), {"a": [1]})
        self.assertEqual(self.node.call("POST", "/cloned", b"ab").text, "abab")
        form = ["Content-Type: application/x-www-form-urlencoded"]
        self.assertEqual(self.node.call("POST", "/form", b"name=Ada", form).text, "Ada")

    def test_what_fetch_got_can_be_handed_on(self):
        answer = self.node.call(target="/proxied")
        self.assertEqual((answer.status, answer.text), (200, "unpacked " * 1000))
        self.assertNotIn("content-encoding", answer.headers)

    def test_a_generator_waits_for_who_reads(self):
        client = self.node.connect()
        self.addCleanup(client.close)
        client.request(target="/endless")
        client.head()
        client.take(8 << 20)

        def made():
            return int(self.node.call(target="/made").text)

        until(lambda: made() >= 7)
        self.assertLess(made(), 12)

    def test_iterators_stream_and_other_things_are_refused(self):
        self.assertEqual(self.node.call(target="/numbers").text, "0\n1\n2\n")
        for path, words in {"/function": "a function", "/cycle": "not JSON", "/injects": "Invalid char"}.items():
            answer = self.node.call(target=path)
            self.assertEqual(answer.status, 500)
            self.assertIn(words, json.loads(answer.body)["detail"])

    def test_a_promised_length_that_is_not_kept_ends_the_connection(self):
        client = self.node.connect()
        self.addCleanup(client.close)
        client.request(target="/short")
        self.assertEqual(client.head()[1]["content-length"], "10")
        with self.assertRaises((EOFError, ConnectionError)):
            client.take(10)

    def test_what_is_quiet_is_ended_when_its_caller_leaves(self):
        for path, told in {"/stream": "stream", "/in-response": "stream", "/readable": "readable",
                           "/iterator": "iterator"}.items():
            before = json.loads(self.node.call(target="/ended").body).count(told)
            client = self.node.connect()
            client.request(target=path, headers=["Hearth-Call-Id: quiet"])
            client.head()
            self.assertEqual(client.chunk(), b"begun")
            client.close()
            until(lambda told=told, before=before: json.loads(self.node.call(target="/ended").body).count(told) == before + 1)
        self.assertEqual(sections(self.node.log(), "quiet"), [])

    def test_what_comes_after_its_caller_has_left_is_ended_too(self):
        client = self.node.connect()
        client.request(target="/too-late", headers=["Expect: 100-continue"])
        self.assertEqual(client.head()[0], 100)  # it is in the handler
        client.close()
        until(lambda: "late" in json.loads(self.node.call(target="/ended").body))

    def test_a_length_without_a_body_is_told_to_head_alone(self):
        client = self.node.connect()
        self.addCleanup(client.close)
        for method, length in {"GET": b"0", "HEAD": b"5"}.items():
            client.request(method, "/no-body")
            raw = b""
            while b"\r\n\r\n" not in raw:
                raw += client.take(1)
            self.assertEqual(re.findall(rb"(?im)^content-length: (\d+)", raw), [length], method)

    def test_two_lengths_are_an_honest_500(self):
        answer = self.node.call(target="/two-lengths")
        self.assertEqual((answer.status, json.loads(answer.body)["detail"]),
                         (500, "a Response's content-length is a number, not 5, 5"))

    def test_failures_that_are_answers(self):
        bad = self.node.call("POST", "/json", b"{")
        self.assertEqual((bad.status, json.loads(bad.body)["layer"]), (400, "client"))
        self.assertIn("not JSON", json.loads(bad.body)["detail"])
        missing = self.node.call(target="/status")
        self.assertEqual((missing.status, json.loads(missing.body)["detail"]), (404, "no such tea"))
        thrown = self.node.call(target="/thrown")
        self.assertEqual((thrown.status, thrown.text, thrown.headers["retry-after"]), (503, "out of tea", "7"))

    def test_what_nobody_caught_fails_its_call_and_no_other(self):
        for path, words in {"/rejects": "nobody waited for this", "/throws": "a timer threw this"}.items():
            answer = self.node.call(target=path, headers=["Hearth-Call-Id: aside"])
            self.assertEqual((answer.status, json.loads(answer.body)["detail"]), (500, words))
            until(lambda words=words: any(words in line for line in sections(self.node.log(), "aside")))
        self.assertEqual(self.node.call(target="/made").status, 200)

    def test_what_nobody_caught_outside_of_calls_ends_the_replica_with_the_reason(self):
        node = self.replica("fetches", "handler.mjs")
        self.assertEqual(node.call(target="/bomb").text, "soon")
        self.assertEqual(node.exit_code(), 1)
        self.assertRegex(node.log()[-1], "outside of any call: nobody called for this$")

    def test_a_stack_in_the_log_is_the_functions_alone(self):
        self.node.call(target="/throws", headers=["Hearth-Call-Id: stack"])
        until(lambda: any("handler.mjs" in line for line in sections(self.node.log(), "stack")))
        self.assertFalse([line for line in self.node.log() if "/usr/lib/hearth" in line or "node:internal" in line])

    def test_half_a_line_is_one_line_of_its_call(self):
        self.node.call(target="/half-line", headers=["Hearth-Call-Id: half"])
        until(lambda: sections(self.node.log(), "half") == ["a line without its end"])

    def test_another_export_can_be_the_handler(self):
        self.assertEqual(self.replica("fetches", "handler.mjs:other").call().text, "the other")

    def test_what_is_no_http_is_told_as_that(self):
        for sent, status in {b"GET\r\n\r\n": 400, b"GET / HTTP/1.1\r\nA: " + b"x" * 70_000 + b"\r\n\r\n": 431}.items():
            client = self.node.connect()
            self.addCleanup(client.close)
            client.send(sent)
            answer = client.answer()
            self.assertEqual((answer.status, json.loads(answer.body)["layer"]), (status, "client"))


ENDS_SLOWLY = """
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
export default () => 'said';
export async function shutdown() {
  writeFileSync('/run/hearth/ending', '');
  while (!existsSync('/run/hearth/gate')) await sleep(5);
}
"""


class Ending(Node):
    def test_a_call_whose_head_was_half_sent_at_sigterm_is_answered(self):
        self.hearthd.deploy("ends", {"fn.yaml": "name: ends\nruntime: node\nhandler: handler.mjs\n", "handler.mjs": ENDS_SLOWLY})
        replica = self.replica("ends", "handler.mjs")
        client = replica.connect()
        self.addCleanup(client.close)
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n")
        client.answer()
        replica.stop()
        until(lambda: os.path.exists(f"{replica.folder}/ending"))
        client.send(b"Host: x\r\n\r\n")
        self.assertEqual(client.answer().text, "said")
        replica.open_gate()
        self.assertEqual((replica.exit_code(), replica.log()), (0, []))


class Packages(Node):
    def test_common_js(self):
        self.hearthd.fn("deploy", cwd=FUNCTIONS / "common")
        self.assertEqual(self.hearthd.call("common", "/a").text, "common /a")
        self.assertEqual(self.replica("common", "handler.js:named").call().text, "named")

    def test_reasons_why_a_handler_does_not_load(self):
        cases = {"export default () => (\n": r"handler.mjs:\d does not load: SyntaxError",
                 "import 'left-pad'; export default () => 1": "left-pad.*is it in the dependencies of package.json",
                 "export const a = 1": "does not export default; it exports no function",
                 "export default 7": "default of 3/handler.mjs is not a function but number",
                 "throw new Error('at once')": "does not load: Error: at once"}
        files = {f"{number}/handler.mjs": text for number, text in enumerate(cases)}
        self.hearthd.deploy("load", {"fn.yaml": "name: load\nruntime: node\nhandler: 0/handler.mjs\n", **files})
        for handler, reason in zip(files, cases.values()):
            replica = Replica(self.hearthd.docker, self.image_of("load"), handler)
            self.addCleanup(replica.__exit__)
            self.assertEqual(replica.exit_code(), 121)
            self.assertRegex(replica.log()[-1], reason)

    def test_dependencies_come_from_package_json_and_are_kept(self):
        files = {"fn.yaml": "name: asks\nruntime: node\nhandler: handler.mjs\n",
                 "package.json": '{"dependencies": {"lib": "file:./lib"}}',
                 "lib/package.json": '{"name": "lib", "version": "1.0.0", "main": "main.js"}',
                 "lib/main.js": "module.exports = 'installed';\n",
                 "handler.mjs": "import lib from 'lib';\nexport default () => lib;\n"}
        self.hearthd.deploy("asks", files)
        self.assertEqual(self.hearthd.call("asks").text, "installed")
        log = self.hearthd.ask("GET", "/v1/namespaces/default/functions/asks/revisions/1/build").text
        self.assertIn("no package-lock.json", log)

    def locked(self, name, asked, in_lock=">=6.0.0"):
        """A function that tells which version it got; its lock file holds an older one than the newest."""
        lock = {"name": name, "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": {
            "": {"name": name, "version": "1.0.0", "dependencies": {"is-number": in_lock}},
            "node_modules/is-number": {"version": "6.0.0", "integrity": IS_NUMBER_6}}}
        return {"fn.yaml": f"name: {name}\nruntime: node\nhandler: handler.cjs\n",
                "package.json": json.dumps({"name": name, "version": "1.0.0", "dependencies": {"is-number": asked}}),
                "package-lock.json": json.dumps(lock),
                "handler.cjs": """
const compiled = require('node:fs').existsSync('node_modules/.hearth-compiled') ? 'compiled' : 'text';
module.exports = () => `${require('is-number/package.json').version} ${compiled} ${require('is-number')('7')}`;
"""}

    def test_a_lock_file_says_which_versions_are_installed(self):
        self.hearthd.deploy("locked", self.locked("locked", ">=6.0.0"))
        self.assertEqual(self.hearthd.call("locked").text, "6.0.0 compiled true")
        log = self.hearthd.ask("GET", "/v1/namespaces/default/functions/locked/revisions/1/build").text
        self.assertNotIn("no package-lock.json", log)

    def test_a_lock_file_that_does_not_fit_is_refused_in_npms_own_words(self):
        said = self.refused("unlike", self.locked("unlike", "^7.0.0"))
        words = re.findall(r"^  npm (?:ERR!|error) (.*)$", said, re.M)
        self.assertEqual(words[0], "code EUSAGE")
        self.assertRegex(words[1], "^`npm ci` can only install packages when .* are in sync")
        self.assertEqual(words[2:], ["Invalid: lock file's is-number@6.0.0 does not satisfy is-number@7.0.0"])
        self.assertIn("hint: mend package.json", said)

    def test_a_package_that_nobody_has_is_told_in_few_words(self):
        said = self.refused("nobody", {"fn.yaml": "name: nobody\nruntime: node\nhandler: handler.cjs\n",
                                       "package.json": '{"dependencies": {"is-number": "99.0.0"}}',
                                       "handler.cjs": "module.exports = () => 1;\n"})
        self.assertIn("No matching version found for is-number@99.0.0", said)
        self.assertLess(len(said.splitlines()), 12, said)

    def test_a_package_json_that_asks_for_nothing_needs_no_npm(self):
        self.hearthd.deploy("none", {"fn.yaml": "name: none\nruntime: node\n",
                                            "package.json": '{"type": "module", "devDependencies": {"x": "1.0.0"}}',
                                            "handler.js": "export default () => 'none';\n"})
        log = self.hearthd.ask("GET", "/v1/namespaces/default/functions/none/revisions/1/build").text
        self.assertNotIn("Installing", log)
        self.assertEqual(self.hearthd.call("none").text, "none")


class TypeScript(Node):
    def test_imports_of_every_kind_and_stacks_that_name_the_source(self):
        begun = time.monotonic()
        self.hearthd.fn("deploy", cwd=FUNCTIONS / "typed")
        tell(f"first deploy of TypeScript in {time.monotonic() - begun:.1f} s")
        self.assertEqual(json.loads(self.hearthd.call("typed").body),
                         ["bare", "built", "own", "aliased", "indexed", "plain", "common", "late", "data", "read", "tea"])
        replica = self.replica("typed", "handler.ts")
        answer = replica.call(target="/raise", headers=["Hearth-Call-Id: typed"])
        self.assertEqual((answer.status, json.loads(answer.body)["title"]), (500, "TypeError"))
        until(lambda: any(re.search(r"/function/handler\.ts:25:", line) for line in sections(replica.log(), "typed")))

    def test_modules_or_common_js_as_package_json_says(self):
        kind = "const kind = typeof __dirname === 'string' ? 'common' : 'module';\nexport default () => kind;\n"
        cases = {'{"type": "module"}': "module", '{"type": "commonjs"}': "common", "{}": "common", None: "module"}
        for number, (text, expected) in enumerate(cases.items()):
            files = {"fn.yaml": f"name: small{number}\nruntime: node\nhandler: handler.ts\n", "handler.ts": kind}
            begun = time.monotonic()
            self.hearthd.deploy(f"small{number}", files | ({"package.json": text} if text else {}))
            tell(f"deployed in {time.monotonic() - begun:.1f} s")
            self.assertEqual(self.hearthd.call(f"small{number}").text, expected, text)

    def test_types_are_taken_away_and_not_checked(self):
        self.hearthd.deploy("loose", {"fn.yaml": "name: loose\nruntime: node\nhandler: handler.ts\n",
                                      "handler.ts": "const answer: number = 'a string';\nexport default () => answer;\n"})
        self.assertEqual(self.hearthd.call("loose").text, "a string")

    def test_an_esbuild_that_cannot_be_had_is_said_in_a_line_and_leaves_nothing(self):
        said = docker("run", "--rm", "--network=none", "-e", "npm_config_fetch_retries=0", build("node", "builder", BASE), "sh", "-c",
                      "mkdir /cache; cd /function; node /usr/lib/hearth-build/typescript.mjs; echo code $?; ls /cache", timeout=120)
        self.assertRegex(said, r"esbuild could not be installed: .*\ncode 1\n")
        self.assertNotRegex(said, "(?m)^typescript-|^ +at ")

    def test_what_does_not_parse_is_refused_with_its_place(self):
        said = self.refused("broken", {"fn.yaml": "name: broken\nruntime: node\nhandler: handler.ts\n",
                                       "handler.ts": "export default () => 1;\nconst x: = 2;\n"})
        self.assertRegex(said, r"handler\.ts:2:9")


if __name__ == "__main__":
    unittest.main()
