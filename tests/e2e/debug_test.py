"""fn dev --debug: a debugger attaches to what runs in the container, stops it, and lets it go on; saves change nothing."""

import json
import re
import socket
import subprocess
import sys
import threading
import unittest
from pathlib import Path

from support.calls import call
from support.cases import HearthdCase, tell
from support.debuggers import DebugAdapter, Ended, Inspector, inspector_page
from support.hearthd import program
from support.waiting import free_port, wait_for

PYTHON = """\
def handle(request, context):
    number = int(request.path[1:])
    return str(number + {more})
"""
NODE = """\
export default async (request) => {{
  const number = Number(new URL(request.url).pathname.slice(1));
  return new Response(String(number + {more}));
}};
"""


class Call:
    """A call that may stand still for a while."""

    def __init__(self, url):
        self.answer = None
        self._thread = threading.Thread(target=self._run, args=(url,), daemon=True)
        self._thread.start()

    def _run(self, url):
        self.answer = call(url)

    def text(self):
        self._thread.join(60)
        return self.answer and self.answer.text


class Debug(HearthdCase):
    def dev(self, folder, *words):
        """`fn dev` over a folder; reads on until it says that it is ready, and returns what it said up to there."""
        self.said = []
        self.process = subprocess.Popen([program("HEARTH_TEST_FN", "fn"), "dev", str(folder), "-o", "json", *words],
                                        env=self.hearthd.environment(), stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        self.addCleanup(self.end)
        self.await_said("ready", 1)

    def _read(self, process):
        for line in process.stdout:
            self.said.append(json.loads(line))

    def texts(self, event):
        return [one.get("text") for one in list(self.said) if one.get("event") == event]

    def await_said(self, event, times):
        wait_for(f"fn dev says {event} {times} times; it says {self.said}", lambda: len(self.texts(event)) >= times, 180)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)
        self.process.stdout.close()

    def inspected(self, name):
        container, = self.hearthd.containers(name)
        return self.hearthd.docker.ask("GET", f"/containers/{container}/json")

    def folder(self, name, runtime, handler, more=""):
        suffix = "py:handle" if runtime == "python" else "mjs"
        yaml = f"name: {name}\nruntime: {runtime}\nhandler: handler.{suffix}\n{more}"
        return self.hearthd.write(name, {"fn.yaml": yaml, f"handler.{suffix.split(':')[0]}": handler})

    def save(self, file, text, times):
        file.write_text(text)
        self.await_said("ready", times)

    def python_stops(self, debugger, file, name, number):
        """What stands in `number` where the function stands still, at a breakpoint that the debugger set."""
        source = {"path": str(file)}
        found = debugger.ask("setBreakpoints", source=source, breakpoints=[{"line": 3}])["breakpoints"]
        self.assertTrue(found[0]["verified"], found)
        debugger.configured()
        held = Call(self.hearthd.url(name, f"/{number}"))
        stopped = debugger.event("stopped")
        self.assertEqual(stopped["reason"], "breakpoint")
        frame = debugger.ask("stackTrace", threadId=stopped["threadId"])["stackFrames"][0]
        self.assertEqual((frame["source"]["path"], frame["line"]), (str(file), 3))
        value = debugger.ask("evaluate", expression="number", frameId=frame["id"])["result"]
        self.assertIsNone(held.answer, "it stands still")
        return held, stopped["threadId"], value

    def test_python_stops_at_a_breakpoint_and_a_save_leaves_the_port_where_it_is(self):
        folder = self.folder("pup", "python", PYTHON.format(more=1), "limits: {timeout: 1s}\nnetwork: {egress: deny}\n")
        port = free_port()
        self.dev(folder, f"--debug={port}")
        line, = self.texts("debugger")
        configuration = json.loads(line.split("launch.json: ")[1])
        self.assertEqual(configuration["connect"], {"host": "127.0.0.1", "port": port})
        file = folder / "handler.py"

        debugger = DebugAdapter(port, folder)
        held, thread, value = self.python_stops(debugger, file, "pup-dev", 41)
        self.assertEqual(value, "41")
        with self.subTest("limits.timeout is not for who stands at a breakpoint"):
            spec = self.hearthd.function("pup-dev")["spec"]
            self.assertEqual(spec["limits"]["timeout"], "24h")
        debugger.ask("continue", threadId=thread)
        self.assertEqual(held.text(), "42")

        # A save while it stands still: the new code serves, the old call ends, and the editor is let go.
        held = Call(self.hearthd.url("pup-dev", "/1"))
        debugger.event("stopped")
        self.save(file, PYTHON.format(more=100), 2)
        self.assertEqual(held.text(), "2")
        with self.assertRaises(Ended):
            while True:
                debugger.receive()
        debugger.close()
        again = DebugAdapter(port, folder)
        held, thread, value = self.python_stops(again, file, "pup-dev", 7)
        again.ask("continue", threadId=thread)
        self.assertEqual((value, held.text()), ("7", "107"))

        # What is left at a breakpoint goes on when the editor goes.
        held = Call(self.hearthd.url("pup-dev", "/8"))
        again.event("stopped")
        again.close()
        self.assertEqual(held.text(), "108")

        # hearthd is killed and comes back: it finds the replica, and its debugger.
        before = self.hearthd.function("pup-dev", "/status")["replicas"]
        self.hearthd.kill()
        self.hearthd.start()
        after = self.hearthd.function("pup-dev", "/status")["replicas"]
        self.assertEqual([(one["id"], one["debugger"]) for one in after], [(one["id"], one["debugger"]) for one in before])

        # A replica that dies is followed by one elsewhere.
        killed, = self.hearthd.containers("pup-dev")
        self.hearthd.docker.kill(killed)
        wait_for("another replica serves", lambda: self.hearthd.containers("pup-dev") not in (set(), {killed}), 60)
        third = wait_for("it can be attached to", lambda: self.attached(port, folder), 60, between=0.2)
        held, thread, value = self.python_stops(third, file, "pup-dev", 9)
        third.ask("continue", threadId=thread)
        self.assertEqual((value, held.text()), ("9", "109"))
        third.close()

    def attached(self, port, folder):
        try:
            return DebugAdapter(port, folder)
        except (Ended, OSError):
            return None

    def test_node_stops_and_a_save_leaves_the_port_where_it_is(self):
        folder = self.folder("kit", "node", NODE.format(more=1))
        port = free_port()
        self.dev(folder, f"--debug={port}")
        file = folder / "handler.mjs"
        for more, times in ((1, 1), (100, 2)):
            if times > 1:
                self.save(file, NODE.format(more=more), times)
            self.assertIn("node.js/v", inspector_page(port, "/json/version")["Browser"])
            inspector = Inspector(port)
            inspector.ask("Debugger.enable")
            inspector.event("Debugger.scriptParsed", lambda one: one["url"] == "file:///function/handler.mjs")
            inspector.ask("Debugger.setBreakpointByUrl", url="file:///function/handler.mjs", lineNumber=2)
            held = Call(self.hearthd.url("kit-dev", "/41"))
            stopped = inspector.event("Debugger.paused")
            frame = stopped["callFrames"][0]["callFrameId"]
            value = inspector.ask("Debugger.evaluateOnCallFrame", callFrameId=frame, expression="number")
            self.assertEqual(value["result"]["value"], 41)
            self.assertIsNone(held.answer, "it stands still")
            inspector.ask("Debugger.resume")
            self.assertEqual(held.text(), str(41 + more))
            inspector.close()

    def test_nothing_is_open_where_it_is_not_asked_for_and_nothing_to_other_machines(self):
        folder = self.folder("fox", "python", PYTHON.format(more=1))
        self.hearthd.fn("deploy", cwd=folder)
        replica, = self.hearthd.function("fox", "/status")["replicas"]
        self.assertNotIn("debugger", replica)
        inspected = self.inspected("fox")
        address, = [one["IPAddress"] for one in inspected["NetworkSettings"]["Networks"].values()]
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((address, 5678), timeout=10)
        self.hearthd.fn("delete", "fox")

        port = free_port()
        self.dev(folder, f"--debug={port}")
        inspected = self.inspected("fox-dev")
        self.assertEqual(inspected["HostConfig"]["PortBindings"] or {}, {})
        sockets = [line.split()[1] for line in Path("/proc/net/tcp").read_text().splitlines()]
        bound = [one for one in sockets if one.endswith(f":{port:04X}")]
        self.assertEqual({one.split(":")[0] for one in bound}, {"0100007F"}, "127.0.0.1 alone")

        # A neighbour in the network that sends packets for the bridge through this machine, as nothing keeps it from.
        replica, = self.hearthd.function("fox-dev", "/status")["replicas"]
        debugger = replica["debugger"]["host"], replica["debugger"]["port"]
        socket.create_connection(debugger, timeout=10).close()
        here, reach = self.neighbour()
        with socket.create_server(("0.0.0.0", 0)) as server:
            self.assertEqual(reach(here, server.getsockname()[1]), "open", "it reaches this machine")
        self.assertEqual(Path("/proc/sys/net/ipv4/ip_forward").read_text(), "1\n")
        self.assertRegex(reach(*debugger), "^closed: ")
        self.assertRegex(reach(here, port), "^closed: ")

    def neighbour(self):
        """Another machine, as a network namespace: this one's address from there, and what connecting from there comes to."""
        name = f"hearth-{self.hearthd.installation[:6]}"
        here, there = "198.18.47.1", "198.18.47.2"

        def ip(*words):
            subprocess.run(["ip", *words], check=True)

        ip("netns", "add", name)
        self.addCleanup(ip, "netns", "del", name)  # and the pair with it
        ip("link", "add", name, "type", "veth", "peer", "name", "lan", "netns", name)
        ip("addr", "add", f"{here}/30", "dev", name)
        ip("link", "set", name, "up")
        ip("-n", name, "addr", "add", f"{there}/30", "dev", "lan")
        ip("-n", name, "link", "set", "lan", "up")
        ip("-n", name, "route", "add", "default", "via", here)
        attempt = ("import socket, sys\ntry: socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=3)\n"
                   "except OSError as error: print('closed:', error)\nelse: print('open')\n")

        def reach(host, port):
            return subprocess.run(["ip", "netns", "exec", name, sys.executable, "-c", attempt, host, str(port)],
                                  capture_output=True, text=True, timeout=30, check=True).stdout.strip()

        return here, reach

    def refusal(self, folder, *words, variables=None):
        done = subprocess.run([program("HEARTH_TEST_FN", "fn"), "dev", str(folder), *words], stdin=subprocess.DEVNULL,
                              env={**self.hearthd.environment(), **(variables or {})}, capture_output=True, text=True,
                              timeout=120, check=False)
        self.assertEqual(done.returncode, 3, done)
        tell(done.stderr.replace("\n", " | "))
        return done.stderr

    def test_what_cannot_be_debugged_is_told_at_once(self):
        folder = self.hearthd.write("elk", {"fn.yaml": "name: elk\nruntime: go\n", "handler.go": "package function\n"})
        self.assertRegex(self.refusal(folder, "--debug"), "runtime go has no debugger.*\n.*node and python")
        image = self.hearthd.write("ibis", {"fn.yaml": "name: ibis\nimage: example/ibis:1\n"})
        self.assertRegex(self.refusal(image, "--debug"), "without a runtime has no debugger")
        python = self.folder("eel", "python", PYTHON.format(more=1))
        self.assertRegex(self.refusal(python, "--debug=soon"), "--debug=soon is no port")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.assertRegex(self.refusal(python, f"--debug={taken.getsockname()[1]}"), "cannot be opened: .* in use\n")
        elsewhere = {"HEARTH_API": "http://192.0.2.1:8081"}
        self.assertRegex(self.refusal(python, "--debug", variables=elsewhere), "on this machine alone.*\n.*ssh -L")
        # hearthd itself refuses as well, whoever asks it.
        answer = self.hearthd.ask("PUT", "/v1/namespaces/default/functions/elk",
                                  json.dumps({"spec": {"image": "example/ibis:1", "debug": True}}).encode())
        self.assertEqual(answer.status, 422, answer)
        self.assertRegex(answer.text, "debug.*only a function with a runtime has a debugger")
        self.assertEqual(json.loads(self.hearthd.fn("list", "-o", "json").stdout)["items"], [])


if __name__ == "__main__":
    unittest.main()
