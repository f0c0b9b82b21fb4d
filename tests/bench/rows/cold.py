"""Cold starts of templated functions: no replica alive, from the call's first byte to the answer's last, through the gateway.

256 MiB, three environment values and 10 MB of dependencies. The floor is the Engine API by hand: create, start and first
answer of a container with the very settings that hearthd gives. `by image` is hearthd with cells switched off. A real
import (numpy, express) stands beside what the import itself took, as the handler measured it in the same start."""
import contextlib
import statistics
from collections import defaultdict

from bed import Bed, has_cells, interleaved
from engine_floor import RawReplica
from figures import Absent, Figure
from functions import HANDLERS, IMPORTING, SETTINGS

TITLE = "Cold start of a templated function"
RUNTIMES = tuple(HANDLERS)
CELLS = 2
BY_CELL = 15   # samples a round: enough for a p99 over seven
BY_HAND = 2    # by image and by hand, which take a hundred times as long
IDLE = "100ms"


class Cold:
    """A function whose every call here is a cold start."""

    def __init__(self, bed, name, runtime=""):
        """`runtime`: of the cells that must be ready; none: by image."""
        self.bed, self.name, self.runtime = bed, name, runtime
        self.phases = defaultdict(list)
        self.own = []

    def __call__(self):
        self.bed.await_cold(self.name)
        if self.runtime:
            self.bed.await_cells(self.runtime)
        if self.bed.parked:
            self.bed.await_parked()
        answer = self.bed.call(self.name)
        phases = answer.phases()
        if "cold" not in phases:
            raise RuntimeError(f"{self.name} was warm: {answer.head!r}")
        for phase, ms in phases.items():
            self.phases[phase].append(ms)
        first = answer.body.split()[0]
        if first[:1].isdigit():
            self.own.append(float(first))
        return answer.ms

    def parts(self):
        return {phase: statistics.median(values) for phase, values in self.phases.items()}


def measure(options):
    with contextlib.ExitStack() as stack:
        plain = stack.enter_context(Bed())
        if not has_cells():
            return [*measure_on(options, {"by image": plain}, stack), Absent("from a cell", "this hearthd has no cells")]
        celled = stack.enter_context(Bed(cells=CELLS))
        return measure_on(options, {"by image": plain, "from a cell": celled}, stack)


def measure_on(options, beds, stack):
    measures, samples = {}, {}
    sources = {**HANDLERS, **({} if options.offline else IMPORTING)}
    for name, files in sources.items():
        for way, bed in beds.items():
            bed.deploy(name, files, SETTINGS % IDLE, dependencies=name in HANDLERS)
            runtime = files["fn.yaml"].split()[1] if way == "from a cell" else ""
            measures[f"{name}, {way}"] = Cold(bed, name, runtime)
            samples[f"{name}, {way}"] = BY_CELL if runtime else BY_HAND
        plain = beds["by image"]
        measures[f"{name}, by hand"] = by_hand(stack.enter_context(RawReplica(plain.docker, plain.replica(name))))
        samples[f"{name}, by hand"] = BY_HAND
    warm_up(measures)
    found = interleaved(options.rounds, measures, samples)
    return [figure for name in sources for figure in figures_of(name, found, measures)]


def warm_up(measures):
    """Page cache, a gateway's first connection; and none of it is counted."""
    for one in measures.values():
        one()
        if isinstance(one, Cold):
            one.phases.clear()
            one.own.clear()


def by_hand(raw):
    def one():
        try:
            return raw.start()
        finally:
            raw.remove()
    return one


def figures_of(name, found, measures):
    made = []
    for way in ("from a cell", "by image", "by hand"):
        case = f"{name}, {way}"
        if case not in found:
            continue
        cold = measures[case] if isinstance(measures[case], Cold) else None
        figure = Figure(case, "ms", found[case], parts=cold.parts() if cold else {})
        if way != "by hand":
            figure.floor = f"{name}, by hand"
        if cold and cold.own:
            own = f"{name}, the import alone, {way}"
            made.append(Figure(own, "ms", in_rounds(cold.own, found[case]), better=""))
            figure.floor = own if way == "from a cell" else figure.floor
            if way == "from a cell":
                figure.goals = [{"of": "above floor", "most": 5}]
        elif way == "from a cell":
            figure.goals = [{"of": "median", "most": 5}, {"of": "p99", "most": 15}]
        made.append(figure)
    return made


def in_rounds(values, like):
    """The values, cut as `like` is."""
    values = iter(values)
    return [[next(values) for _ in one] for one in like]
