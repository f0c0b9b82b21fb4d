"""What a Python handler may be and return, and what its failures look like to whoever calls and to whoever debugs."""

import json
import unittest

from support.cases import HearthdCase
from support.hearthd import problem
from support.waiting import wait_for


class Handlers(HearthdCase):
    def deploy(self, name, handler, **files):
        yaml = f"name: {name}\nruntime: python\nhandler: handler.py:handle\n"
        self.hearthd.deploy(name, {"fn.yaml": yaml, "handler.py": handler, **files})
        self.addCleanup(self.hearthd.delete, name)

    def test_plain_answers_of_every_kind(self):
        self.deploy("plain", """
            def handle(request, context):
                return {"json": {"a": [1]}, "text": "words", "bytes": b"\\x00\\xff"}[request.query["kind"]]
            """)
        answers = {kind: self.hearthd.call("plain", f"/?kind={kind}") for kind in ("json", "text", "bytes")}
        self.assertEqual(answers["json"].json(), {"a": [1]})
        self.assertTrue(answers["json"].headers["Content-Type"].startswith("application/json"))
        self.assertEqual(answers["text"].text, "words")
        self.assertEqual(answers["bytes"].body, b"\x00\xff")

    def test_async_handlers_run_side_by_side(self):
        self.deploy("both", """
            import asyncio

            waiting = asyncio.Event()

            async def handle(request, context):
                if request.path == "/first":
                    await waiting.wait()
                    return "first"
                waiting.set()
                return "second"
            """)
        self.assertEqual(self.hearthd.call("both", "/warm").status, 200)
        load = self.hearthd.load("both", "/first", threads=1)
        try:
            wait_for("the second is answered beside the first",
                     lambda: self.hearthd.call("both", "/second").text == "second" and load.count() > 0)
        finally:
            load.end()

    def test_an_iterator_streams(self):
        self.deploy("stream", """
            def handle(request, context):
                for number in range(3):
                    yield f"{number}\\n"
            """)
        self.assertEqual(self.hearthd.fn("invoke", "stream").stdout, "0\n1\n2\n")

    def test_an_exception_is_a_problem_with_its_message_and_the_stack_in_the_log(self):
        self.deploy("raiser", """
            def handle(request, context):
                raise ValueError("seven is no even number")
            """)
        answer = self.hearthd.call("raiser")
        self.assertEqual(answer.status, 500, answer)
        document = problem(answer)
        self.assertEqual(document["layer"], "function")
        self.assertIn("seven is no even number", document["detail"])

        outcome = self.hearthd.fn("invoke", "raiser", check=False)
        self.assertEqual(outcome.returncode, 1, outcome)
        self.assertIn("seven is no even number", outcome.stderr)
        wait_for("the stack is in the log", lambda: "handler.py\", line 3" in self.hearthd.fn("logs", "raiser").stdout)
        self.assertEqual(len(self.hearthd.containers("raiser")), 1, "an exception ends no replica")

    def test_requirements_are_installed_and_compiled_for_good(self):
        self.deploy("needy", """
            import local_part

            def handle(request, context):
                with open(local_part.__cached__, "rb") as file:
                    flags = file.read(8)[4]
                return [local_part.WORDS, flags]
            """, **{"requirements.txt": "./local\n",
                    "local/pyproject.toml": """
                        [build-system]
                        requires = []
                        build-backend = "backend"
                        backend-path = ["."]
                        """,
                    "local/backend.py": BACKEND})
        unchecked = 1  # PEP 552: it goes by no source's time or content
        self.assertEqual(self.hearthd.call("needy").json(), ["installed by pip", unchecked])


# The smallest of build backends: pip installs what it makes, and no index is asked for anything.
BACKEND = '''
import zipfile

NAME = "local_part-1.0-py3-none-any.whl"
METADATA = "Metadata-Version: 2.1\\nName: local-part\\nVersion: 1.0\\n"
WHEEL = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{wheel_directory}/{NAME}", "w") as wheel:
        wheel.writestr("local_part.py", "WORDS = 'installed by pip'\\n")
        wheel.writestr("local_part-1.0.dist-info/METADATA", METADATA)
        wheel.writestr("local_part-1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("local_part-1.0.dist-info/RECORD", "")
    return NAME
'''


if __name__ == "__main__":
    unittest.main()
