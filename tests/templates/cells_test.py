"""What every runtime's cell keeps (docs/reference/container.md), those that this machine can run without an image."""

import json
import os
import shutil
import socket
import sys
import tarfile
import unittest

from cell_process import Cell

TEMPLATES = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../templates"))


class Contract:
    """Answers of `files`' handler are a JSON object: env, cwd, revision."""

    variables = ()

    def cell(self, files=None):
        return self.enterContext(Cell(self.command, self.files if files is None else files, self.variables))

    def test_it_becomes_the_function_that_it_is_handed(self):
        cell = self.cell()
        self.assertFalse(os.path.exists(cell.socket_path))
        cell.become(self.handler, {"GREETING": 'h"\\\né\U0001f525', "EMPTY": ""})
        told = cell.call().text
        seen = json.loads(told)
        self.assertEqual((seen["cwd"], seen["env"]["GREETING"], seen["env"]["EMPTY"]),
                         (cell.function, 'h"\\\né\U0001f525', ""))
        self.assertEqual(seen["env"]["HEARTH_REVISION"], "7")
        self.assertEqual([name for name in seen["env"] if name.startswith("HEARTH_CELL")], [])
        self.assertEqual([name for name in os.listdir(cell.folder) if "sock" in name], ["fn.sock"])

    def test_it_outlives_whoever_handed_over(self):
        cell = self.cell()
        cell.become(self.handler)
        cell.hearthd.close()
        self.assertEqual(cell.call().status, 200)
        cell.terminate()
        self.assertEqual(cell.exit_code(), 0)

    def test_a_handover_may_come_in_pieces(self):
        cell = self.cell()
        cell.bind()
        line = cell.line(self.handler, {"LONG": "x" * 100_000})
        for at in range(0, len(line), 40_000):
            cell.send(line[at:at + 40_000])
        self.assertEqual(cell.answer(), b'{"ready": true}\n', cell.log())
        self.assertEqual(cell.call().status, 200)

    def test_a_package_may_come_behind_the_handover(self):
        cell = self.cell({**self.files, "more.txt": "x" * 400_000})
        tar = cell.tar()
        cell.send(cell.line(self.handler, package=len(tar)) + tar)
        self.assertEqual(cell.answer(), b'{"ready": true}\n', cell.log())
        self.assertEqual(os.path.getsize(f"{cell.function}/more.txt"), 400_000)
        self.assertEqual(cell.call().status, 200)

    def stream(self, cell, tar):
        cell.send(cell.line(self.handler, package=len(tar)) + tar)
        return cell.answer()

    def test_a_package_that_is_streamed_keeps_its_modes(self):
        cell = self.cell({**self.files, "sub/word.txt": "word"})
        tar = cell.tar([("sub", {"type": tarfile.DIRTYPE, "mode": 0o555}, "")])
        self.assertEqual(self.stream(cell, tar), b'{"ready": true}\n', cell.log())
        for path in ("", "/sub", "/sub/word.txt"):
            self.assertEqual(os.stat(cell.function + path).st_mode & 0o7777, 0o555, path)

    def test_nothing_of_a_package_comes_out_of_its_folder(self):
        cell = self.cell()
        link, hard = {"type": tarfile.SYMTYPE}, {"type": tarfile.LNKTYPE}
        tar = cell.tar([
            ("../out", {}, "out"),
            ("sub/../../out", {}, "out"),
            (f"{cell.folder}/out", {}, "out"),
            ("up", {**link, "linkname": ".."}, ""), ("up/out", {}, "out"),
            ("away", {**link, "linkname": cell.folder}, ""), ("away/out", {}, "out"),
            ("log", {**hard, "linkname": "../log"}, ""),
            ("its-log", {**hard, "linkname": f"{cell.folder}/log"}, ""),
        ])
        self.assertEqual(self.stream(cell, tar), b"")
        self.assert_ended(cell, "the package cannot be unpacked")
        self.assertFalse(os.path.exists(f"{cell.folder}/out"))
        self.assertEqual(os.stat(f"{cell.folder}/log").st_nlink, 1)

    def test_a_package_that_breaks_off_ends_it(self):
        cell = self.cell({**self.files, "more.txt": "x" * 400_000})
        tar = cell.tar()
        cell.send(cell.line(self.handler, package=len(tar)) + tar[:200_000])
        cell.hearthd.shutdown(socket.SHUT_WR)
        self.assert_ended(cell, "hearthd left before the package was whole")

    @unittest.skipIf(os.geteuid() != 0, "only root may mount")
    def test_a_package_larger_than_its_folder_ends_it(self):
        cell = self.cell({**self.files, "more.txt": "x" * 4_000_000})
        cell.limit("1m")
        tar = cell.tar()
        cell.hearthd.settimeout(20)
        try:
            cell.send(cell.line(self.handler, package=len(tar)) + tar)
        except OSError:  # it ended before it had taken all
            pass
        self.assert_ended(cell, "the package cannot be unpacked")
        self.assertRegex(cell.log(), "more.txt: .*(No space left on device|Wrote only)")

    def test_what_does_not_load_ends_it_as_it_ends_a_replica(self):
        cell = self.cell({})
        cell.bind()
        cell.send(cell.line(self.handler))
        self.assertEqual(cell.answer(), b"")
        self.assertEqual(cell.exit_code(), 121)
        self.assertIn(self.missing, cell.log().splitlines()[-1])

    def test_what_is_no_handover_ends_it(self):
        line = {"env": {}, "folder": "/tmp", "handler": "h"}
        for data in [
            b"GET / HTTP/1.1\r\n\r\n", b"{}\n", json.dumps({**line, "env": {"A=B": ""}}).encode() + b"\n",
            json.dumps(line).encode() + b"\n" + json.dumps(line).encode() + b"\n",
            json.dumps({**line, "folder": "/nonesuch"}).encode() + b"\n",
            json.dumps({**line, "package": 600}).encode() + b"\n" + b"no tar" * 100,
        ]:
            with self.subTest(data[:60]):
                self.assert_ends(data)

    def test_without_a_handover_it_ends(self):
        self.assert_ends(b"")

    def test_a_handover_that_breaks_off_ends_it(self):
        self.assert_ends(b'{"env": {}, "fol')

    def assert_ends(self, data):
        cell = self.cell({})
        cell.send(data)
        cell.hearthd.shutdown(socket.SHUT_WR)
        self.assert_ended(cell, "")

    def assert_ended(self, cell, why):
        self.assertEqual(cell.answer(), b"")
        self.assertEqual(cell.exit_code(), 1, cell.log())
        self.assertRegex(cell.log(), "(?m)^this cell ends: " + why)

    def test_sigterm_ends_it_at_once(self):
        cell = self.cell()
        cell.terminate()
        self.assertIn(cell.exit_code(), (0, 143))


class Python(Contract, unittest.TestCase):
    command = [sys.executable, f"{TEMPLATES}/python/bootstrap/bootstrap.py"]
    handler = "handler.py:handle"
    files = {"handler.py": """
import os
from lib import REVISION_OF
def handle(request, context):
    return {"env": dict(os.environ), "cwd": os.getcwd(), "revision": REVISION_OF(context)}
""", "lib.py": "def REVISION_OF(context): return context.revision\n"}
    missing = "the package has no file handler.py; it is empty"

    def test_its_event_loop_is_of_the_kind_that_the_function_brings(self):
        cell = self.cell({"handler.py": """
import asyncio
class Own(asyncio.SelectorEventLoop):
    pass
class Policy(asyncio.DefaultEventLoopPolicy):
    _loop_factory = Own
asyncio.set_event_loop_policy(Policy())
async def handle(request, context):
    return type(asyncio.get_running_loop()).__name__
"""})
        cell.become(self.handler)
        self.assertEqual(cell.call().text, "Own")

    def test_a_module_of_its_own_comes_before_one_that_the_cell_has_imported(self):
        handler = "import decimal\ndef handle(request, context):\n    return decimal.WORD + decimal.numbers.WORD\n"
        own = {"decimal.py": "import numbers\nWORD = 'own'\n", "numbers.py": "WORD = ' too'\n"}
        cell = self.cell({"handler.py": handler, **own})
        cell.become(self.handler)
        self.assertEqual(cell.call().text, "own too")

    def test_garbage_is_looked_for_as_the_function_would_have_it(self):
        handler = "import gc\n%s\ndef handle(request, context):\n    return str(gc.get_threshold())\n"
        for own, seen in [("", "(700, 10, 10)"), ("gc.set_threshold(900, 3, 3)", "(900, 3, 3)")]:
            with self.subTest(own):
                cell = self.cell({"handler.py": handler % own})
                cell.become(self.handler)
                self.assertEqual(cell.call().text, seen)


class Shell(Contract, unittest.TestCase):
    command = [sys.executable, f"{TEMPLATES}/shell/bootstrap/shell.py"]
    variables = {"PYTHONPATH": f"{TEMPLATES}/python/bootstrap"}
    handler = "handler.sh"
    files = {"handler.sh": f"""#!/bin/sh
exec {sys.executable} -c 'import json, os; print(json.dumps(dict(env=dict(os.environ), cwd=os.getcwd())))'
"""}
    missing = "the package has no file handler.sh"


@unittest.skipIf(shutil.which("node") is None, "there is no node on this machine")
class Node(Contract, unittest.TestCase):
    command = ["node", f"{TEMPLATES}/node/bootstrap/bootstrap.mjs"]
    handler = "handler.mjs"
    files = {"handler.mjs": """
import { revisionOf } from './lib.mjs';
export default (request, context) => ({ env: process.env, cwd: process.cwd(), revision: revisionOf(context) });
""", "lib.mjs": "export const revisionOf = (context) => context.revision;\n"}
    missing = "the package has no file handler.mjs; it is empty"


class Compiled(Contract, unittest.TestCase):
    """The launcher, before a program that does what the servers of go, cpp and rust do."""

    command = [os.environ.get("HEARTH_TEST_LAUNCHER", "launch"), "./program"]
    handler = ""
    files = {"program": f"""#!{sys.executable}
import http.server, json, os, signal, socketserver
cell = int(os.environ.pop("HEARTH_CELL_FD"))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        told = json.dumps(dict(env=dict(os.environ), cwd=os.getcwd())).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)
    def log_message(self, *_):
        pass
    def address_string(self):
        return ""
path = os.environ["HEARTH_SOCKET"]
server = socketserver.UnixStreamServer(path + ".1", Handler)
os.rename(path + ".1", path)
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
os.write(cell, b'{{"ready": true}}\\n')
server.serve_forever()
"""}
    missing = "./program cannot be run: No such file or directory"


if __name__ == "__main__":
    unittest.main()
