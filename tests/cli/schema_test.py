"""`fn schema` and `fn deploy` agree: a real validator's verdict on each manifest is fn's own."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import jsonschema
import yaml

FN = os.environ["HEARTH_TEST_FN"]
NOBODY_ANSWERS = "127.0.0.1:1"
PYTHON = "name: hello\nruntime: python\nhandler: handler.py:handle\n"

GOOD = [
    PYTHON,
    "name: hello\nruntime: python\n",
    "name: hello\nimage: nginx:1.25\n",
    "name: hello\nbuild: ./Dockerfile\n",
    PYTHON + "limits: {memory: 256Mi, cpu: 0.5, timeout: 30s, concurrency: 10, pids: 64, tmp: 1.5Gi, body: 6Mi}\n",
    PYTHON + "limits: {cpu: 500m}\n",
    PYTHON + "limits: {cpu: 2, concurrency: '8'}\n",
    PYTHON + "limits:\nenv:\nnetwork:\n",
    PYTHON + "env: {LEVEL: info, COUNT: 3, ON: true, EMPTY: ''}\n",
    PYTHON + "scale: {min: 0, max: 10, idle_timeout: 5m, start_timeout: 1500ms}\n",
    PYTHON + "scale: {keep_alive: auto}\n",
    PYTHON + "scale: {keep_alive: hybrid, idle_timeout: 10m}\n",
    PYTHON + "scale: {freeze: auto}\n",
    PYTHON + "scale: {freeze: 1.5s}\n",
    PYTHON + "network: {egress: deny, attach: [db, 7]}\n",
    PYTHON + "triggers: [{http: {path: /api}}, {http: {path: '/users/{id}', methods: [GET], host: example.org}}]\n",
    PYTHON + "triggers: [{http: {path: /, cors: {origins: ['*'], max_age: 10m, credentials: false}}}]\n",
    PYTHON + "triggers:\n",
    "name: a\nruntime: python\nhandler: sub/folder.py:a_b\n",
]
BAD = [
    "name: hello\n",
    "runtime: python\nhandler: h.py:handle\n",
    "name: Hello\nimage: x\n",
    "name: hello-\nimage: x\n",
    f"name: {'a' * 64}\nimage: x\n",
    "name: hello\nimage: x\nbuild: ./Dockerfile\n",
    "name: hello\nimage: x\nhandler: h.py:handle\n",
    "name: hello\nruntime: Python\nhandler: h.py:handle\n",
    PYTHON + "limits: {memmory: 1Gi}\n",
    PYTHON + "limits: {memory: 256}\n",
    PYTHON + "limits: {memory: 256MB}\n",
    PYTHON + "limits: {timeout: 30}\n",
    PYTHON + "limits: {timeout: soon}\n",
    PYTHON + "scale: {keep_alive: long}\n",
    PYTHON + "scale: {freeze: soon}\n",
    PYTHON + "scale: {freeze: 10}\n",
    PYTHON + "limits: {concurrency: 1.5}\n",
    PYTHON + "limits: {concurrency: -1}\n",
    PYTHON + "limits: {cpu: fast}\n",
    PYTHON + "limits: [memory]\n",
    PYTHON + "env: [LEVEL]\n",
    PYTHON + "env: {HEARTH_X: 1}\n",
    PYTHON + "env: {PORT: 1}\n",
    PYTHON + "env: {1A: 1}\n",
    PYTHON + "env: {A: [1]}\n",
    PYTHON + "network: {egress: maybe}\n",
    PYTHON + "network: {attach: db}\n",
    PYTHON + "network: {attach: [[db]]}\n",
    PYTHON + "secrets: [db]\n",
    PYTHON + "colour: red\n",
    PYTHON + "triggers: {http: {path: /api}}\n",
    PYTHON + "triggers: [{}]\n",
    PYTHON + "triggers: [{http: }]\n",
    PYTHON + "triggers: [{http: {}}]\n",
    PYTHON + "triggers: [{http: {path: api}}]\n",
    PYTHON + "triggers: [{http: {path: /a, colour: red}}]\n",
    PYTHON + "triggers: [{http: {path: /a, cors: {origins: ['*'], credentials: maybe}}}]\n",
    PYTHON + "triggers: [{cron: {schedule: '* * * * *'}}]\n",
    "- name\n",
    "hello\n",
]


def fn(*words, **options):
    return subprocess.run([FN, *words], capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL, **options)


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.schema = json.loads(fn("schema").stdout)
        cls.validator = jsonschema.Draft202012Validator(cls.schema)

    def complaints(self, manifest):
        return [error.message for error in self.validator.iter_errors(yaml.safe_load(manifest))]

    def verdict(self, manifest):
        """What fn says of it before it asks anybody: None where it would go on to send it."""
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "fn.yaml").write_text(manifest)
            handler = Path(folder) / str((yaml.safe_load(manifest) or {}).get("handler", "x").split(":")[0]
                                         if isinstance(yaml.safe_load(manifest), dict) else "x")
            handler.parent.mkdir(parents=True, exist_ok=True)
            handler.write_text("")
            (Path(folder) / "Dockerfile").write_text("FROM scratch\n")
            done = fn("deploy", folder, env={**os.environ, "HEARTH_API": NOBODY_ANSWERS})
        self.assertIn(done.returncode, (3, 4), done)
        return None if done.returncode == 4 else done.stderr

    def test_it_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(self.schema)

    def test_what_fn_takes_it_takes(self):
        for manifest in GOOD:
            with self.subTest(manifest):
                self.assertIsNone(self.verdict(manifest))
                self.assertEqual(self.complaints(manifest), [])

    def test_what_fn_refuses_it_refuses(self):
        for manifest in BAD:
            with self.subTest(manifest):
                self.assertIsNotNone(self.verdict(manifest))
                self.assertNotEqual(self.complaints(manifest), [])

    def test_the_starters_are_fine(self):
        for manifest in Path(os.environ["HEARTH_TEMPLATES"]).glob("*/starter/fn.yaml"):
            with self.subTest(manifest):
                self.assertEqual(self.complaints(manifest.read_text().replace("{{name}}", "hello")), [])

    def test_its_defaults_are_its_own_values(self):
        for name, section in self.schema["properties"].items():
            for key, shape in section.get("properties", {}).items():
                if "default" in shape:
                    jsonschema.Draft202012Validator(shape).validate(shape["default"])
                    self.assertIsNone(self.verdict(PYTHON + yaml.dump({name: {key: shape["default"]}})), (name, key))


if __name__ == "__main__":
    unittest.main()
