"""Functions that start in containers which ran before: what they get, what they never see, and what becomes of the cells."""

import json
import os
import unittest

from support.cases import HearthdCase, tell
from support.hearthd import problem
from support.waiting import wait_for

HANDLER = """
    import json, os, subprocess, sys

    def handle(request, context):
        if request.path == "/write":
            try:
                open("/function/new", "w")
                return "written"
            except OSError as error:
                return os.strerror(error.errno)
        if request.path == "/eat":
            eaten = []
            while True:
                eaten.append(bytearray(os.urandom(1 << 20)))
        if request.path == "/exit":
            os._exit(3)
        return {
            "replica": os.environ["HEARTH_REPLICA"], "env": dict(os.environ), "user": os.getuid(), "cwd": os.getcwd(),
            "files": sorted(os.listdir("/function")), "tmp": os.listdir("/tmp"), "run": sorted(os.listdir("/run/hearth")),
            "processes": sorted(open(f"/proc/{pid}/cmdline").read().split("\\0")[0]
                                for pid in os.listdir("/proc") if pid.isdigit()),
            "mounts": [line.split()[1] for line in open("/proc/mounts")],
            "memory": [open(file).read().strip() for file in ("/sys/fs/cgroup/memory/memory.limit_in_bytes",
                       "/sys/fs/cgroup/memory.max") if os.path.exists(file)][0],
        }
"""


class CellsCase(HearthdCase):
    settings = {"cells_min": "2", "cells_max": "2"}

    def cells(self, hearthd=None):
        """Cells that wait: they bear a label of their own, and no record of what they became."""
        hearthd = hearthd or self.hearthd
        idle = {record["container"] for record in hearthd.records() if record["idle"]}
        running = {one["Id"] for one in hearthd.docker.containers(hearthd.installation) if one["State"] == "running"}
        return idle & running

    def await_cells(self, count=2, seconds=60):
        wait_for(f"{count} cells wait", lambda: len(self.cells()) >= count and self.taken(), seconds, between=0.05)

    def taken(self):
        """Whether each of them has told hearthd that it waits."""
        counts = self.hearthd.ask("GET", "/v1/info").json()["cells"]
        return sum(one["ready"] for one in counts) >= len(self.cells())

    def cold(self, name):
        self.hearthd.await_state(name, "cold")

    def record_of(self, replica):
        return json.loads((self.hearthd.run_dir / "replicas" / replica / "record").read_text())


class Cells(CellsCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hearthd.deploy_python("one", HANDLER, """
            env: {GREETING: "a \\"b\\" ✓", EMPTY: ""}
            limits: {memory: 96Mi, pids: 40, cpu: 0.5}
            scale: {idle_timeout: 1s}
            network: {egress: deny}
            """)
        cls.hearthd.deploy_python("two", HANDLER, "scale: {idle_timeout: 1s}\nnetwork: {egress: deny}\n")

    def start(self, name="one"):
        """A cold call once a cell waits, and the container that took it."""
        self.cold(name)
        self.await_cells()
        before = self.cells()
        answer = self.hearthd.call(name)
        self.assertEqual(answer.status, 200, answer)
        seen = answer.json()
        container = self.record_of(seen["replica"])["container"]
        self.assertIn(container, before, "it started in a container that ran before the call")
        return seen, container, answer

    def test_it_has_all_that_a_start_by_image_gives(self):
        seen, container, answer = self.start()
        self.assertEqual(seen["env"]["GREETING"], 'a "b" ✓')
        self.assertEqual(seen["env"]["EMPTY"], "")
        self.assertEqual(seen["env"]["HEARTH_FUNCTION"], "one")
        self.assertNotIn("HEARTH_CELL", seen["env"])
        self.assertEqual(seen["cwd"], "/function")
        self.assertIn("handler.py", seen["files"])
        self.assertEqual(int(seen["memory"]), 96 << 20)
        self.assertIn(';desc="cell", init;', answer.headers["Server-Timing"])
        tell(f"cold call in a cell: {answer.headers['Server-Timing']}")

        def docker_knows():
            config = self.hearthd.docker.ask("GET", f"/containers/{container}/json")["HostConfig"]
            return (config["Memory"], config["NanoCpus"], config["PidsLimit"]) == (96 << 20, 500_000_000, 41)
        wait_for("Docker's view of its limits is the same", docker_knows, 20)

    def test_it_sees_nothing_of_another_nor_of_the_cells_life_before(self):
        one, _, _ = self.start("one")
        two, _, _ = self.start("two")
        self.assertNotEqual(one["user"], two["user"], "each has a user of its own")
        for seen in (one, two):
            self.assertEqual(seen["tmp"], [])
            self.assertEqual(seen["run"], ["fn.sock"])
            self.assertFalse([place for place in seen["mounts"] if "cells" in place])
            self.assertEqual(seen["mounts"].count("/function"), 2, "the empty folder, and the package over it")
            self.assertLessEqual(len(seen["processes"]), 2, seen["processes"])
        self.assertNotIn("GREETING", two["env"])

    def test_its_package_cannot_be_written(self):
        self.start()
        self.assertEqual(self.hearthd.call("one", "/write").text, "Read-only file system")

    def test_memory_that_ran_out_and_an_exit_are_told_as_ever(self):
        self.start()
        answer = self.hearthd.call("one", "/eat")
        self.assertEqual(answer.status, 502, answer)
        self.assertIn("its limit is 96Mi", problem(answer)["detail"])
        answer = self.hearthd.call("two", "/exit")
        self.assertEqual(answer.status, 502, answer)
        self.assertIn("exited with code 3", problem(answer)["detail"])

    def test_what_is_large_is_compiled_once(self):
        lines = "".join(f"def number{line}():\n    return {line}\n" for line in range(1200))
        handler = ("import os, large\nfrom inner import word\n\ndef handle(request, context):\n"
                   "    return [large.number7(), word.WORD, *sorted(os.listdir('__pycache__'))]\n")
        self.hearthd.deploy("large", {
            "fn.yaml": "name: large\nruntime: python\nhandler: handler.py:handle\nscale: {idle_timeout: 100ms}\n",
            "handler.py": handler, "large.py": lines, "inner/word.py": "WORD = 'word'\n", "wrong.py": "def (\n"})
        def compiled():
            return {path.name.split(".")[0] for path in self.hearthd.folder.rglob("__pycache__/*.pyc")}

        wait_for("its own files are compiled", lambda: compiled() == {"handler", "large", "word"}, between=0.05)
        self.cold("large")
        self.await_cells()
        answer = self.hearthd.call("large")
        seven, word, *files = json.loads(answer.body)
        self.assertEqual((seven, word, [file.split(".")[0] for file in files]), (7, "word", ["handler", "large"]))

    def test_its_output_is_its_functions(self):
        self.hearthd.deploy_python("talks", """
            print("while it loads")

            def handle(request, context):
                print("in a call")
                return "fine"
            """, "network: {egress: deny}\n")
        self.await_cells()
        self.assertEqual(self.hearthd.call("talks").text, "fine")
        wait_for("both lines are kept", lambda: {"while it loads", "in a call"} <= {
            line.split(" ", 2)[2] for line in self.hearthd.fn("logs", "talks").stdout.splitlines()}, 20)
        self.hearthd.delete("talks")

    def test_a_handler_that_does_not_load_is_told_as_by_image(self):
        self.hearthd.deploy_python("broken", "import nothing_of_the_kind\n", "network: {egress: deny}\n")
        self.await_cells()
        answer = self.hearthd.call("broken")
        self.assertEqual(answer.status, 502, answer)
        self.assertIn("nothing_of_the_kind", answer.text)
        self.hearthd.delete("broken")

    def test_what_a_process_reads_as_it_starts_goes_by_image_and_get_says_why(self):
        self.hearthd.deploy_python("zoned", HANDLER, 'env: {TZ: "Europe/Paris"}\nnetwork: {egress: deny}\n')
        self.await_cells()
        before = self.cells()
        answer = self.hearthd.call("zoned")
        seen = answer.json()
        self.assertEqual(seen["env"]["TZ"], "Europe/Paris")
        self.assertIn(';desc="image", init;', answer.headers["Server-Timing"])
        self.assertNotIn(self.record_of(seen["replica"])["container"], before)
        self.assertEqual(self.hearthd.function("zoned")["start"]["by"], "image")
        self.assertIn("env.TZ", self.hearthd.function("zoned")["start"]["why"])
        self.assertEqual(self.hearthd.function("one")["start"], {"by": "cell"})
        self.hearthd.delete("zoned")

    def test_what_was_in_the_way_once_is_not_for_good(self):
        self.await_cells()
        unpacked = self.hearthd.state_dir / "unpacked"
        aside = unpacked.rename(unpacked.with_name("aside"))
        unpacked.touch()  # no folder can be made there
        self.hearthd.deploy_python("later", HANDLER, "scale: {idle_timeout: 1s}\nnetwork: {egress: deny}\n")
        answer = self.hearthd.call("later")
        self.assertIn(';desc="image: its package was not ready for cells", init;', answer.headers["Server-Timing"])
        unpacked.unlink()
        aside.rename(unpacked)
        self.start("later")
        self.hearthd.delete("later")

    def test_cells_that_died_are_passed_over_and_replaced(self):
        self.cold("one")
        self.await_cells()
        before = self.cells()
        for container in before:
            self.hearthd.docker.kill(container)
        answer = self.hearthd.call("one")
        self.assertEqual(answer.status, 200, answer)
        why = "image: no cell stood ready"
        self.assertIn(f';desc="{why}", init;', answer.headers["Server-Timing"])
        self.assertIn(f'function=one from="{why}"', self.hearthd.log_text())
        self.assertNotIn(self.record_of(answer.json()["replica"])["container"], before)
        wait_for("others take their place", lambda: len(self.cells() - before) >= 2, 60, between=0.1)
        wait_for("nothing is left of them", lambda: not before & {
            one["Id"] for one in self.hearthd.docker.containers(self.hearthd.installation)}, 20)


class Restart(CellsCase):
    def test_kill_9_leaves_no_cell_no_mount_and_no_replica_behind(self):
        hearthd = self.hearthd
        hearthd.deploy_python("stays", HANDLER, "network: {egress: deny}\n")
        self.await_cells()
        replica = hearthd.call("stays").json()["replica"]
        self.await_cells()
        before = self.cells()
        hearthd.kill()
        hearthd.start()
        self.assertEqual(hearthd.call("stays").json()["replica"], replica, "it was adopted")
        wait_for("the old cells are gone", lambda: not before & {
            one["Id"] for one in hearthd.docker.containers(hearthd.installation)}, 30)
        self.await_cells()

        hearthd.delete("stays")
        wait_for("no function could use a cell, so there is none", lambda: not hearthd.remains().keys() - {"mounts"}, 60)
        self.assertEqual(hearthd.mounts(), [str(hearthd.run_dir / "cells")])
        wait_for("no package's folder is left", lambda: not list((hearthd.state_dir / "unpacked").glob("*/*")), 20)
        hearthd.stop()
        self.assertEqual(hearthd.mounts(), [])

    def test_kill_9_amid_cold_starts(self):
        hearthd = self.hearthd
        hearthd.start() if hearthd.process.poll() is not None else None
        for name in ("a", "b", "c"):
            hearthd.deploy_python(name, HANDLER, "scale: {idle_timeout: 1s}\nnetwork: {egress: deny}\n")
        for _ in range(int(os.environ.get("HEARTH_TEST_REPEAT", "1")) * 3):
            self.await_cells(1)
            load = [hearthd.load(name, threads=1) for name in ("a", "b", "c")]
            wait_for("some were answered", lambda: any(one.count() for one in load), 30, between=0.002)
            hearthd.kill()
            for one in load:
                one.end()
            hearthd.start()
            for name in ("a", "b", "c"):
                self.assertEqual(hearthd.call(name).status, 200)
        for name in ("a", "b", "c"):
            hearthd.delete(name)
        wait_for("nothing is left", lambda: not hearthd.remains().keys() - {"mounts"}, 60)


if __name__ == "__main__":
    unittest.main()
