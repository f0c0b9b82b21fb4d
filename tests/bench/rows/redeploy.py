"""From a one-line change until the new code answers, beside `docker build` of the same folder by the Engine API's /build."""
import contextlib
import io
import subprocess
import tarfile
import time

import functions
from bed import LONG, Bed, has_cells, interleaved
from engine_floor import Engine
from figures import Figure
from functions import HANDLERS
from support.hearthd import program

TITLE = "Redeploy after a one-line change"
RUNTIMES = ("python", "node")
SAMPLES = 2
TAG = "hearth-bench-redeploy"


class Changed:
    """A function's folder, whose handler says another number after each change."""

    def __init__(self, bed, runtime, name):
        self.bed, self.name, self.number = bed, name, 1
        files = HANDLERS[runtime]
        self.folder = functions.write(bed.hearthd, name, files, functions.SETTINGS % "5m", dependencies=True)
        self._file = next(self.folder / file for file in files if file.startswith("handler"))

    def change(self):
        before, self.number = self.number, self.number + 1
        self._file.write_text(self._file.read_text().replace(f"v{before}", f"v{self.number}"))


class Redeployed(Changed):
    """A save, `fn deploy`, and calls until one is answered by the new code."""

    def __init__(self, bed, runtime):
        super().__init__(bed, runtime, runtime)
        bed.hearthd.fn("deploy", cwd=self.folder, timeout=LONG)
        bed.call(self.name)

    def __call__(self):
        begun = time.perf_counter()
        self.change()
        deploy = subprocess.Popen([program("HEARTH_TEST_FN", "fn"), "deploy"], cwd=self.folder, text=True,
                                  env=self.bed.hearthd.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            while self.bed.call(self.name).body != b"v%d" % self.number:
                if deploy.poll():
                    raise RuntimeError(f"fn deploy failed: {deploy.stdout.read()}")
                time.sleep(0.002)
            return (time.perf_counter() - begun) * 1e3
        finally:
            deploy.communicate()


class Rebuilt(Changed):
    """A save, and what `docker build` asks of the engine: the folder as a tar, onto the same base. Nothing is started."""

    def __init__(self, bed, runtime):
        super().__init__(bed, runtime, f"{runtime}-built")
        (self.folder / "Dockerfile").write_text(f"FROM {base_of(bed.docker, runtime)}\nCOPY . /function\n")

    def __call__(self):
        begun = time.perf_counter()
        self.change()
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(self.folder, arcname=".")
        with contextlib.closing(Engine(self.bed.docker.socket)) as engine:
            told = engine.send("POST", f"/build?t={TAG}", packed.getvalue(), "application/x-tar").decode()
        if "Successfully built" not in told:
            raise RuntimeError(f"/build: {told[-500:]}")
        return (time.perf_counter() - begun) * 1e3


def base_of(docker, runtime):
    """The runtime's own image, which a function's is made of."""
    tags = [tag for image in docker.ask("GET", "/images/json") for tag in image["RepoTags"] or []]
    return next(tag for tag in tags if tag.startswith(f"hearth/runtime-{runtime}:"))


def measure(options):
    with Bed(cells=1 if has_cells() else 0) as bed:
        measures = {}
        for runtime in RUNTIMES:
            measures[f"{runtime}, new code answers"] = Redeployed(bed, runtime)
            measures[f"{runtime}, docker build"] = Rebuilt(bed, runtime)
        try:
            for one in measures.values():
                one()
            found = interleaved(options.rounds, measures, SAMPLES)
        finally:
            bed.docker.ask("DELETE", f"/images/{TAG}", expected=(404, 409))
    made = []
    for runtime in RUNTIMES:
        floor = f"{runtime}, docker build"
        made.append(Figure(f"{runtime}, new code answers", "ms", found[f"{runtime}, new code answers"], floor=floor,
                           goals=[{"of": "median", "most": 1000}]))
        made.append(Figure(floor, "ms", found[floor]))
    return made
