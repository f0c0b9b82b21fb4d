"""What every runtime's bootstrap says of being quiet (docs/reference/container.md), those that this machine can run without
an image. A case each: what a call leaves behind, and the word that it is told by."""

import os
import shutil
import sys
import unittest

from cell_process import Cell
from support.raw_http import until

TEMPLATES = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../templates"))
ASK = ["Hearth-Ask: quiet"]


class Contract:
    """The handler leaves behind what its path names. `stirs`: path: the word; `quiet`: paths that leave nothing."""

    def setUp(self):
        self.cell = self.enterContext(Cell(self.command, self.files))
        self.cell.become(self.handler)

    def ask(self, headers=ASK):
        return self.cell.call("GET", "/.hearth/quiet", headers=headers)

    def test_a_function_with_nothing_to_do_is_quiet(self):
        self.assertEqual(self.ask().status, 204)
        for path in self.quiet:
            self.assertEqual(self.cell.call("GET", path).status, 200, self.cell.log())
            until(lambda: self.ask().status == 204)

    def test_it_names_what_a_call_left_behind(self):
        for path, word in self.stirs.items():
            with self.subTest(path), Cell(self.command, self.files) as self.cell:
                self.cell.become(self.handler)
                self.assertEqual(self.cell.call("GET", path).status, 200, self.cell.log())
                answer = self.ask()
                self.assertEqual((answer.status, answer.text), (409, word))

    def test_its_kept_connections_are_no_reason(self):
        with_one = self.cell.connect()
        with_one.request("GET", "/")
        self.assertEqual(with_one.answer().status, 200)
        self.assertEqual(self.ask().status, 204)
        with_one.request("GET", "/")
        self.assertEqual(with_one.answer().status, 200)
        with_one.close()

    def test_a_path_alone_is_the_functions_own(self):
        self.assertEqual(self.ask(headers=[]).status, 200)


class Python(Contract, unittest.TestCase):
    command = [sys.executable, f"{TEMPLATES}/python/bootstrap/bootstrap.py"]
    handler = "handler.py:handle"
    quiet = ["/", "/pool", "/ended"]
    stirs = {"/task": "a background task", "/timer": "a timer", "/thread": "a thread", "/stream": "an open stream",
             "/busy-pool": "a thread", "/child": "a child process"}
    files = {"handler.py": """
import asyncio, os, subprocess, threading, time
kept = []

async def handle(request, context):
    loop = asyncio.get_running_loop()
    match request.path:
        case "/task": kept.append(asyncio.create_task(asyncio.sleep(60)))
        case "/timer": loop.call_later(60, print)
        case "/thread": threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        case "/busy-pool": loop.run_in_executor(None, time.sleep, 60)
        case "/pool": await asyncio.to_thread(int)
        case "/child": kept.append(subprocess.Popen(["sleep", "60"]))
        case "/ended": subprocess.run(["true"])
        case "/stream": kept.append(await asyncio.open_unix_connection(os.environ["HEARTH_SOCKET"]))
    return "ok"
"""}

    def test_a_plain_handlers_threads_are_no_reason(self):
        plain = {"handler.py": "def handle(request, context):\n    return 'ok'\n"}
        with Cell(self.command, plain) as self.cell:
            self.cell.become(self.handler)
            self.assertEqual(self.cell.call().status, 200)
            until(lambda: self.ask().status == 204)


@unittest.skipUnless(shutil.which("node"), "no node on this machine")
class Node(Contract, unittest.TestCase):
    command = ["node", f"{TEMPLATES}/node/bootstrap/bootstrap.mjs"]
    handler = "handler.mjs"
    quiet = ["/", "/unref", "/cleared", "/ended"]
    stirs = {"/timer": "a timer", "/interval": "a timer", "/child": "a child process", "/server": "a server of its own",
             "/connection": "an open connection", "/worker": "a worker thread", "/file": "input or output under way"}
    files = {"handler.mjs": """
import { spawn, spawnSync } from 'node:child_process';
import { open } from 'node:fs';
import { connect, createServer } from 'node:net';
import { Worker } from 'node:worker_threads';

const leave = {
  '/timer': () => setTimeout(() => {}, 60_000),
  '/unref': () => setTimeout(() => {}, 60_000).unref(),
  '/cleared': () => clearTimeout(setTimeout(() => {}, 60_000)),
  '/interval': () => setInterval(() => {}, 60_000),
  '/child': () => spawn('sleep', ['60']),
  '/ended': () => spawnSync('true'),
  '/server': () => createServer().listen(process.env.HEARTH_SOCKET + '.own'),
  '/connection': () => connect(process.env.HEARTH_SOCKET),
  '/worker': () => new Worker('setInterval(() => {}, 60_000)', { eval: true }),
  '/file': () => { spawnSync('mkfifo', [process.env.HEARTH_SOCKET + '.pipe']); open(process.env.HEARTH_SOCKET + '.pipe', 'r', () => {}); },
};
export default async (request) => {
  leave[new URL(request.url).pathname]?.();
  return 'ok';
};
"""}


if __name__ == "__main__":
    unittest.main()
