"""Cold starts at a constant rate, each of another function, while cells last; then as many a second as cells are refilled.

There is memory for all replicas at once: where hearthd's `memory` is taken a start waits for some, cells or no. None is stopped
before all functions were called.

The floor is the Engine API by hand: as many create-and-start-and-answer a second as it can do; and of the refill, which goes on while the
replicas that cells became are taken away, as many with their removal. Also what idle cells hold."""
import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from bed import Bed, has_cells, progress
from callers import at_rate
from engine_floor import RawReplica
from figures import Absent, Figure
from functions import HANDLERS, SETTINGS
from support.waiting import wait_for

TITLE = "Cold starts sustained"
RATE = 50
CELLS = 100           # two seconds of that rate
MEMORY = "32Gi"       # by their limits, 256 MiB each; what they use is a tenth
IDLE = "5s"
SUSTAINED = 0.8       # of the refill rate, for the long run
SECONDS, LONG_SECONDS = 15, 60
BY_HAND_CALLERS = 4
BY_HAND_STARTS = 24
RUNTIME = "python"
KEPT_UP = "starts and removals by hand"


def measure(options):
    with Bed() as bed:
        bed.deploy(RUNTIME, HANDLERS[RUNTIME], SETTINGS % "100ms", dependencies=True)
        floor = by_hand(bed, options.rounds)
    if not has_cells():
        return [Absent("from cells", "this hearthd has no cells"), *floor]
    with Bed(cells=CELLS, memory=MEMORY) as bed:
        bed.deploy(RUNTIME, HANDLERS[RUNTIME], SETTINGS % IDLE, dependencies=True)
        names = bed.copies(RUNTIME, CELLS)
        waves = [wave(bed, names, number, options.rounds) for number in range(options.rounds)]
        held = [idle_cell_mib(bed)]
        refill = [one["refill"] for one in waves]
        steady = sustained(bed, names, statistics.median(refill) * SUSTAINED, LONG_SECONDS if options.long else SECONDS)
    return [Figure(f"{RATE}/s while cells last", "ms", [one["ms"] for one in waves],
                   goals=[{"of": "median", "most": 15}, {"of": "p99", "most": 15}],
                   note=f"{CELLS} different functions each round, with memory for all of them"),
            Figure("cells refilled", "/s", [[one] for one in refill], floor=KEPT_UP, better="higher"),
            *floor, steady,
            Figure("an idle cell", "MiB", held, note=f"{CELLS} of {RUNTIME}; by their control groups, page cache left out")]


def wave(bed, names, number, rounds):
    """All cells taken at the rate, and how fast they come back."""
    for name in names:
        bed.await_cold(name)
    bed.await_cells(RUNTIME, 300)
    made = bed.metric("hearth_cells_made_total", runtime=RUNTIME)
    begun = time.perf_counter()
    answers = answered(at_rate(bed.hearthd.gateway, [f"/fn/{name}/" for name in names], RATE, callers=CELLS))
    wait_for("the cells are refilled", lambda: bed.ready_cells(RUNTIME) >= CELLS, 300, between=0.1)
    refilled = (bed.metric("hearth_cells_made_total", runtime=RUNTIME) - made) or CELLS
    progress(f"round {number + 1} of {rounds}")
    return {"ms": [one.ms for one in answers], "refill": refilled / (time.perf_counter() - begun)}


def answered(answers):
    refused = [one for one in answers if one.status != 200]
    if refused:
        raise RuntimeError(f"{len(refused)} of {len(answers)} calls: {refused[0].body[:300]!r}")
    return answers


def sustained(bed, names, rate, seconds):
    """As many a second as can go on for ever."""
    count = int(rate * seconds)
    paths = [f"/fn/{names[at % len(names)]}/" for at in range(count)]
    cold = [one.ms for one in answered(at_rate(bed.hearthd.gateway, paths, rate)) if "cold" in one.phases()]
    return Figure(f"for {seconds} s at {SUSTAINED:g} × the refill rate", "ms", [cold], better="",
                  note=f"{rate:.1f}/s; {len(cold)} of {count} calls were cold starts")


def idle_cell_mib(bed):
    """What the control groups of cells hold, without what the kernel can drop. Nothing of them is a replica now."""
    held = []
    for container in bed.cells_made():
        memory = bed.docker.ask("GET", f"/containers/{container}/stats?stream=false&one-shot=true")["memory_stats"]
        dropped = memory["stats"].get("inactive_file", memory["stats"].get("total_inactive_file", 0))
        held.append((memory["usage"] - dropped) / (1 << 20))
    return held


def by_hand(bed, rounds):
    """Starts a second of several clients of the Engine API at once, without and with what takes them away again."""
    started, removed = [], []
    with RawReplica(bed.docker, bed.replica(RUNTIME)) as raw, ThreadPoolExecutor(BY_HAND_CALLERS) as callers:
        for _ in range(rounds):
            begun = time.perf_counter()
            list(callers.map(lambda _: raw.start(), range(BY_HAND_STARTS)))
            started.append([BY_HAND_STARTS / (time.perf_counter() - begun)])
            raw.remove(callers.map)
            removed.append([BY_HAND_STARTS / (time.perf_counter() - begun)])
    return [Figure("starts by hand", "/s", started, better="higher"), Figure(KEPT_UP, "/s", removed, better="higher")]
