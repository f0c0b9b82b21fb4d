"""What a row is measured on: a hearthd of its own beside the tests' Docker, and what this hearthd can do."""
import functools
import json
import re
import subprocess
import sys

import functions
import wire
from support.hearthd import Hearthd, program
from support.waiting import wait_for

LONG = 300  # an image may have to be built first
PARKED = 4


def progress(text):
    print(f"    {text}", file=sys.stderr, flush=True)


@functools.cache
def settings_known():
    """The keys of hearth.yaml that this hearthd has."""
    page = subprocess.run([program("HEARTH_TEST_HEARTHD", "hearthd"), "--reference"], capture_output=True, text=True,
                          check=True).stdout
    return frozenset(re.findall(r"^\| `(\w+)`", page, re.M))


def has_cells():
    return "cells_max" in settings_known()


def has_parked_networks():
    return "parked_max" in settings_known()


@functools.cache
def manifest_knows(key):
    """Whether fn.yaml has this key, such as scale.freeze."""
    schema = subprocess.run([program("HEARTH_TEST_FN", "fn"), "schema"], capture_output=True, text=True, check=True).stdout
    return f'"{key.rsplit(".", 1)[-1]}"' in schema


class Bed:
    """One hearthd, with so many cells of each kind that its functions can use; none unless they are asked for."""

    def __init__(self, cells=0, parked=False, **settings):
        self.cells, self.parked = cells, parked and has_parked_networks()
        if cells and not has_cells():
            raise RuntimeError("this hearthd has no cells")
        known = {}
        if has_cells():
            known |= {"cells_min": cells, "cells_max": cells}
        if has_parked_networks() and not parked:
            known["parked_max"] = 0
        elif has_parked_networks():
            known |= {"parked_min": PARKED, "parked_max": PARKED}
        self.hearthd = Hearthd(stop_grace="1s", **known, **settings)

    @property
    def docker(self):
        return self.hearthd.docker

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.hearthd.close()

    def deploy(self, name, files, settings="", dependencies=False):
        """Deployed, and seen to answer; cold again only when its replica has gone."""
        folder = functions.write(self.hearthd, name, files, settings, dependencies)
        self.hearthd.fn("deploy", "--no-verify", cwd=folder, timeout=LONG)
        return folder

    def call(self, name, path="/", expected=200):
        return wire.call(self.hearthd.gateway, f"/fn/{name}{path}", expected)

    def is_cold(self, name):
        return self.hearthd.state(name) == "cold"

    def await_cold(self, name):
        """No replica of it is there, and none is being taken away."""
        wait_for(f"{name} is cold", lambda: self.is_cold(name), 60, between=0.02)

    def await_cells(self, runtime, seconds=180):
        """As many cells of the runtime are ready as there can be."""
        wait_for(f"the cells of {runtime} are ready", lambda: self.ready_cells(runtime) >= self.cells, seconds, between=0.02)

    def await_parked(self):
        """As many networks stand ready as there can be."""
        wait_for("the parked networks stand ready", lambda: self.metric("hearth_parked_networks") >= PARKED, 60, between=0.02)

    def ready_cells(self, runtime):
        return self.metric("hearth_cells_ready", runtime=runtime)

    def cells_made(self):
        """Ids of the containers that are cells, or were before they became replicas."""
        return {one["Id"] for one in self.docker.containers(self.hearthd.installation) if "dev.hearth.cell" in one["Labels"]}

    def metric(self, name, **labels):
        """The sum of the series that have these labels."""
        text = self.hearthd.ask("GET", "/metrics").text
        total = 0.0
        for series, value in re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", text, re.M):
            if all(f'{key}="{wanted}"' in series for key, wanted in labels.items()):
                total += float(value)
        return total

    def replica(self, name):
        """The id of a container of it that lives; started by a call where there is none."""
        self.call(name)
        return wait_for(f"{name} has a container", lambda: next(iter(self.hearthd.containers(name)), None))

    def copies(self, name, count):
        """Names of further functions with the settings and the code of `name`."""
        revision = self.hearthd.function(name, "/revisions/1")
        code = {"package": revision["package"]} if revision.get("package") else {}
        names = [f"{name}-{number}" for number in range(count)]
        body = json.dumps({"spec": revision["spec"], "verify": False, **code})
        for copy in names:
            path = f"/v1/namespaces/default/functions/{copy}"
            answer = self.hearthd.ask("PUT", path, body, {"Content-Type": "application/json"})
            if answer.status != 202:
                raise RuntimeError(f"{copy}: {answer}")
        for copy in names:
            wait_for(f"{copy} is built", lambda copy=copy: self.is_ready(copy), LONG, between=0.05)
        return names

    def is_ready(self, name):
        state = self.hearthd.function(name, "/revisions/1")
        if state["state"] == "failed":
            raise RuntimeError(f"{name} cannot be deployed: {state.get('fault')}")
        return state["state"] == "ready"


def interleaved(rounds, measures, samples=1):
    """{case: [samples of each round]} of {case: function that makes one sample}. Who goes first in a round goes last in
    the next, and the samples of a case are spread over its round."""
    found = {case: [] for case in measures}
    for number in range(rounds):
        gathered = {case: [] for case in measures}
        for turn in range(samples if isinstance(samples, int) else max(samples.values())):
            order = list(measures) if (number + turn) % 2 == 0 else list(reversed(measures))
            for case in order:
                if isinstance(samples, int) or turn < samples[case]:
                    gathered[case].append(measures[case]())
        for case, values in gathered.items():
            found[case].append(values)
        progress(f"round {number + 1} of {rounds}")
    return found
