"""Cells of a hearthd that may mount nothing that Docker sees: packages are streamed to them. What they promise then."""

import os
import unittest
from pathlib import Path

from cells_test import CellsCase
from support.cases import tell
from support.docker import shared_socket
from support.hearthd import Hearthd
from support.waiting import wait_for

USER = 54321
SMALL = "scale: {idle_timeout: 1s}\nnetwork: {egress: deny}\n"
HANDLER = """
    import json, os

    def tried(attempt):
        try:
            attempt()
            return "done"
        except OSError as error:
            return os.strerror(error.errno)

    def overwrite():
        os.chmod("/function", 0o755)
        os.chmod("/function/handler.py", 0o644)
        open("/function/handler.py", "a").write("# meddled with\\n")

    def handle(request, context):
        if request.path == "/write":
            return [tried(lambda: open("/function/" + name, "a")) for name in ("new", "handler.py", "sub/word.txt")]
        if request.path == "/overwrite":
            return tried(overwrite)
        return {
            "replica": os.environ["HEARTH_REPLICA"], "env": dict(os.environ), "user": os.getuid(), "cwd": os.getcwd(),
            "files": sorted(os.listdir("/function")), "tmp": os.listdir("/tmp"), "run": sorted(os.listdir("/run/hearth")),
            "handler": open("/function/handler.py").read(), "mode": os.stat("/function/sub/run").st_mode & 0o7777,
            "mounts": [line.split() for line in open("/proc/mounts")],
            "processes": sorted(open(f"/proc/{pid}/cmdline").read().split("\\0")[0]
                                for pid in os.listdir("/proc") if pid.isdigit()),
            "memory": [open(file).read().strip() for file in ("/sys/fs/cgroup/memory/memory.limit_in_bytes",
                       "/sys/fs/cgroup/memory.max") if os.path.exists(file)][0],
        }
"""


class StreamedCase(CellsCase):
    settings = {"cells_min": "1", "cells_max": "1"}
    run_by = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")
    user = 0

    @classmethod
    def setUpClass(cls):
        cls.hearthd = Hearthd(run_by=cls.run_by, user=cls.user, **cls.settings)
        cls.addClassCleanup(cls.hearthd.close)

    def deploy(self, name, settings=SMALL, more=None):
        yaml = f"name: {name}\nruntime: python\nhandler: handler.py:handle\n{settings}"
        files = {"fn.yaml": yaml, "handler.py": HANDLER, "sub/word.txt": "word", "sub/run": "#!/bin/sh\n"}
        folder = self.hearthd.write(name, files)
        (folder / "sub/run").chmod(0o755)
        for path, size in (more or {}).items():
            (folder / path).write_bytes(os.urandom(size))
        self.hearthd.fn("deploy", "--no-verify", cwd=folder)
        image = self.hearthd.function(name, "/revisions/1")["image"].removeprefix("sha256:")
        wait_for("its package is there to be streamed", lambda: list(
            self.hearthd.state_dir.glob(f"unpacked/*/{image}.tar")), 30, between=0.05)

    def start(self, name):
        """A cold call once a cell waits, which took it."""
        self.cold(name)
        self.await_cells(1)
        before = self.cells()
        answer = self.hearthd.call(name)
        self.assertEqual(answer.status, 200, answer)
        seen = answer.json()
        self.assertIn(self.record_of(seen["replica"])["container"], before, "a container that ran before the call")
        self.assertEqual(self.hearthd.function(name)["start"], {"by": "cell"})
        tell(f"cold call in a cell: {answer.headers['Server-Timing']}")
        return seen

    def assert_it_has_all(self):
        self.deploy("one", "scale: {idle_timeout: 30s}\nnetwork: {egress: deny}\n" + 'env: {GREETING: "a \\"b\\" ✓"}\nlimits: {memory: 96Mi, pids: 40, cpu: 0.5}\n')
        self.deploy("two")
        one = self.start("one")
        container = self.record_of(one["replica"])["container"]

        def docker_knows():
            config = self.hearthd.docker.ask("GET", f"/containers/{container}/json")["HostConfig"]
            return (config["Memory"], config["NanoCpus"], config["PidsLimit"]) == (96 << 20, 500_000_000, 41)
        wait_for("Docker's view of its limits is the same", docker_knows, 20)
        two = self.start("two")
        self.assertEqual((one["env"]["GREETING"], one["cwd"], one["mode"]), ('a "b" ✓', "/function", 0o555))
        self.assertEqual(one["files"], ["handler.py", "sub"])
        self.assertEqual((int(one["memory"]), int(two["memory"])), (96 << 20, 256 << 20))
        self.assertNotEqual(one["user"], two["user"], "each has a user of its own")
        for seen in (one, two):
            self.assertEqual((seen["tmp"], seen["run"]), ([], ["fn.sock"]))
            self.assertLessEqual(len(seen["processes"]), 2, seen["processes"])
            (kind, options), = [(mount[2], mount[3].split(",")) for mount in seen["mounts"] if mount[1] == "/function"]
            self.assertEqual((kind, {"nosuid", "nodev", "size=65536k"} - set(options)), ("tmpfs", set()))
        self.assertNotIn("GREETING", two["env"])


class WithoutTheRightToMount(StreamedCase):
    def test_it_has_all_that_a_start_by_image_gives_and_sees_nothing_of_another(self):
        self.assert_it_has_all()

    def test_what_it_does_to_its_package_ends_with_its_replica(self):
        self.deploy("meddles")
        self.start("meddles")
        self.assertEqual(self.hearthd.call("meddles", "/write").json(), ["Permission denied"] * 3)
        self.assertEqual(self.hearthd.call("meddles", "/overwrite").text, "done", "its own copy: cells.md says so")
        self.assertIn("meddled", self.hearthd.call("meddles").json()["handler"])
        self.assertNotIn("# meddled with\n", self.start("meddles")["handler"])

    def test_what_is_too_large_goes_by_image_and_get_says_why(self):
        self.deploy("one-more")
        for name, limits, size, why in (("huge", "", 66 << 20, "this one takes more than 64Mi"),
                                        ("tight", "limits: {memory: 64Mi}\n", 17 << 20, "18Mi of limits.memory, more than")):
            self.deploy(name, SMALL + limits, {"big.bin": size})
            wait_for("it is known", lambda: self.hearthd.function(name)["start"]["by"] == "image", 30)
            self.assertIn(why, self.hearthd.function(name)["start"]["why"])
            self.await_cells(1)
            before = self.cells()
            seen = self.hearthd.call(name).json()
            self.assertIn("big.bin", seen["files"])
            self.assertNotIn(self.record_of(seen["replica"])["container"], before)
            self.hearthd.delete(name)

    def test_kill_9_amid_a_stream_leaves_nothing(self):
        hearthd = self.hearthd
        self.deploy("heavy", SMALL, {"big.bin": 40 << 20})
        self.start("heavy")
        for _ in range(int(os.environ.get("HEARTH_TEST_REPEAT", "1")) * 2):
            self.cold("heavy")
            self.await_cells(1)
            cells = self.cells()
            load = hearthd.load("heavy", threads=1)
            wait_for("one of them is its replica", lambda: cells & hearthd.containers("heavy"), 30, between=0.001)
            hearthd.kill()
            load.end()
            hearthd.start()
            self.assertEqual(hearthd.call("heavy").status, 200)
            wait_for("the cells that waited are gone", lambda: not self.cells() & cells, 30)
        for name in ("heavy", "one", "two", "meddles", "one-more"):
            hearthd.delete(name)
        wait_for("nothing is left", lambda: not hearthd.remains(), 60)
        wait_for("nor of a package", lambda: not list((hearthd.state_dir / "unpacked").glob("*/*")), 20)


class AsAUserOfDockersGroup(StreamedCase):
    """It writes no control group: Docker does, before the function's code is loaded."""

    run_by = ("setpriv", f"--reuid={USER}", f"--regid={Path(shared_socket()).stat().st_gid}", "--clear-groups")
    user = USER

    def test_it_has_all_that_a_start_by_image_gives_and_sees_nothing_of_another(self):
        self.assert_it_has_all()


class InAMountNamespaceOfItsOwn(StreamedCase):
    """As in a container with Docker's socket."""

    run_by = ("unshare", "--mount")

    def test_it_has_all_that_a_start_by_image_gives_and_sees_nothing_of_another(self):
        self.assert_it_has_all()


if __name__ == "__main__":
    unittest.main()
