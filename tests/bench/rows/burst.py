"""From no replica to 50 concurrent calls of one second each: how much longer than its second each call took."""
import statistics

from bed import Bed, has_cells, progress
from callers import all_at_once
from figures import Absent, Figure
from functions import SLEEPING

TITLE = "Burst from nothing: 50 calls of one second each"
CALLS = 50
SECONDS = 1.0
SETTINGS = """
    limits: {memory: 64Mi, concurrency: %d, timeout: 60s}
    scale: {max: %d, idle_timeout: 100ms}
"""
CELLS = "python, concurrency 1 from cells"
IMAGE = "python, concurrency 16 by image"


def measure(options):
    figures = []
    if has_cells():
        with Bed(cells=CALLS, max_starts=CALLS) as bed:
            figures.append(waited(bed, CELLS, SETTINGS % (1, CALLS), options.rounds, cells=True))
    else:
        figures.append(Absent(CELLS, "this hearthd has no cells"))
    with Bed(parked=True) as bed:
        figures.append(waited(bed, IMAGE, SETTINGS % (16, 10), options.rounds, cells=False))
    return figures


def waited(bed, case, settings, rounds, cells):
    bed.deploy("sleeps", SLEEPING["python"], settings)
    bed.call("sleeps")
    found, replicas = [], []
    for number in range(rounds):
        bed.await_cold("sleeps")
        if cells:
            bed.await_cells("python", seconds=300)
        if bed.parked:
            bed.await_parked()
        answers = all_at_once(bed.hearthd.gateway, [f"/fn/sleeps/?seconds={SECONDS}"] * CALLS)
        refused = [one for one in answers if one.status != 200]
        if refused:
            raise RuntimeError(f"{len(refused)} of {CALLS} calls: {refused[0].body[:300]!r}")
        found.append([one.seconds - SECONDS for one in answers])
        replicas.append(len(bed.hearthd.function("sleeps", "/replicas")["items"]))
        progress(f"round {number + 1} of {rounds}")
    return Figure(case, "s", found, goals=[{"of": "largest", "most": 1}],
                  note=f"{statistics.median(replicas):g} replicas answered; the longest wait of a round was "
                       f"{statistics.median(max(one) for one in found):.2f} s (median of the rounds)")
