"""The API's description is true: a machine that tries what it says finds nothing, and a client made of it works."""

import hashlib
import importlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

from support.calls import call
from support.hearthd import Hearthd
from support.waiting import wait_for

TOOLS = Path(os.environ.get("HEARTH_TEST_TOOLS", "")) / "bin"
REPEAT = int(os.environ.get("HEARTH_TEST_REPEAT", "1"))
HERE = Path(__file__).resolve().parent
HANDLER = b"def handle(request, context):\n    return {'said': request.text}\n"


def run(*command, **options):
    return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)


def package(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hearthd = Hearthd()
        cls.token = (cls.hearthd.config_dir / "token").read_text().strip()
        try:
            cls._deploy("tried")
        except BaseException:
            cls.hearthd.close()
            raise

    @classmethod
    def _deploy(cls, name):
        """So that what is tried also finds something."""
        tar = package({"handler.py": HANDLER})
        digest = "sha256:" + hashlib.sha256(tar).hexdigest()
        cls.hearthd.ask("PUT", f"/v1/namespaces/default/packages/{digest}", tar)
        spec = {"runtime": "python", "handler": "handler.py:handle"}
        cls.hearthd.ask("PUT", f"/v1/namespaces/default/functions/{name}", json.dumps({"spec": spec, "package": digest}),
                        {"Content-Type": "application/json"})
        wait_for("a function is there", lambda: cls.hearthd.function(name)["active"] == 1, 180)
        call(f"http://{cls.hearthd.gateway}/fn/{name}", "POST", b"so that it has a replica and logs")
        cls.stored = call(f"http://{cls.hearthd.gateway}/async/{name}", "POST", b"so that there is a durable call").json()["id"]
        wait_for("it has its answer", lambda: cls.hearthd.ask(
            "GET", f"/v1/namespaces/default/calls/{cls.stored}").json()["state"] == "succeeded", 60)

    @classmethod
    def tearDownClass(cls):
        cls.hearthd.close()

    def test_nothing_is_found_by_trying_what_the_description_says(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run(TOOLS / "schemathesis", f"--config-file={HERE}/api_tries.toml", "run",
                       f"http://{self.hearthd.api}/openapi.json", "--header", f"Authorization: Bearer {self.token}",
                       "--max-examples", 30 * REPEAT, "--seed", "20261125", "--continue-on-failure", "--no-color",
                       env={**os.environ, "SCHEMATHESIS_HOOKS": "api_hooks", "PYTHONPATH": str(HERE),
                            "HEARTH_TRIED_CALL": self.stored}, cwd=folder,
                       timeout=150 * REPEAT)
        self.assertEqual(done.returncode, 0, done.stdout[-12_000:])
        self.assertRegex(done.stdout, r"Selected: (\d+)/\1\n", "no operation is left out")
        print(done.stdout[-1500:])

    def test_a_generated_client_deploys_looks_and_deletes(self):
        with tempfile.TemporaryDirectory() as folder:
            self._generate(Path(folder))
            sys.path[:0] = [folder, *map(str, TOOLS.parent.glob("lib/python3*/site-packages"))]
            try:
                self._use(importlib.import_module("hearth_client"))
            finally:
                del sys.path[:2]

    def _generate(self, folder):
        settings = folder / "settings.yaml"
        settings.write_text("post_hooks: []\ncontent_type_overrides:\n"
                            "  application/x-tar: application/octet-stream\n"
                            "  application/x-ndjson: text/plain\n"
                            "  application/problem+json: application/json\n")
        done = run(TOOLS / "openapi-python-client", "generate", "--path", self._served(folder), "--config", settings,
                   "--meta", "none", "--output-path", folder / "hearth_client")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn("will not be generated", done.stdout)

    def _served(self, folder):
        """The description as this hearthd serves it."""
        file = folder / "openapi.json"
        file.write_bytes(self.hearthd.ask("GET", "/openapi.json").body)
        return file

    def _use(self, made):
        def operation(name):
            return importlib.import_module(f"hearth_client.api.default.{name}")

        models = importlib.import_module("hearth_client.models")
        types = importlib.import_module("hearth_client.types")
        client = made.AuthenticatedClient(base_url=f"http://{self.hearthd.api}", token=self.token)

        tar = package({"handler.py": HANDLER})
        digest = "sha256:" + hashlib.sha256(tar).hexdigest()
        sent = operation("put_package").sync_detailed("default", digest, client=client,
                                                      body=types.File(io.BytesIO(tar)))
        self.assertEqual(sent.status_code, 201, sent.content)
        body = models.PutFunctionBody(models.Spec(runtime="python", handler="handler.py:handle"), digest)
        revision = operation("put_function").sync("default", "made", client=client, body=body)
        self.assertEqual((revision.number, revision.state), (1, "building"))

        def ready():
            shown = operation("get_revision").sync("default", "made", 1, client=client)
            self.assertNotEqual(shown.state, "failed", getattr(shown, "fault", None))
            return shown.state == "ready"

        wait_for("the revision is built", ready, 120)
        function = operation("get_function").sync("default", "made", client=client)
        self.assertEqual((function.active, function.spec.runtime), (1, "python"))
        names = [one.name for one in operation("list_functions").sync("default", client=client).items]
        self.assertIn("made", names)
        gone = operation("delete_function").sync_detailed("default", "made", client=client)
        self.assertEqual(gone.status_code, 204, gone.content)
        missing = operation("get_function").sync("default", "made", client=client)
        self.assertEqual((missing.status, missing.code), (404, "not_found"))


if __name__ == "__main__":
    unittest.main()
