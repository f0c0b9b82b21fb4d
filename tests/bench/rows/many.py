"""200 functions, memory for 50 of them, calls by Zipf's law; beside one warm function called by as many clients.

The sequence of names is drawn once and is the same each round. Its cold ratio stands beside that of an oracle: who knows
the whole sequence and, with room for 50, always gives up the one that is needed last (Belady).

A client of that sequence waits out every cold start that it meets, so it measures starts. Whether the warm ones suffer
is measured apart: clients of the most called functions, while others call the rest."""
import json
import random
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from bed import Bed, progress, settings_known
from figures import Absent, Figure
from functions import HANDLERS
from oracle import misses

TITLE = "200 functions, memory for 50"
FUNCTIONS, ROOM = 200, 50
MOST_CALLED = 25
EACH_MIB = 64
SEQUENCE = 200_000  # more than can be called in all rounds
CONNECTIONS = 16
SECONDS = 10
SETTINGS = "limits: {memory: %dMi}\nscale: {max: 1, idle_timeout: 10m}\n" % EACH_MIB
SCRIPT = """
local paths = {%s}
local at = 0
request = function()
  at = at %% #paths + 1
  return wrk.format("GET", paths[at])
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %%d %%d %%d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def measure(options):
    if "memory" not in settings_known():
        return [Absent("many", "this hearthd has no budget of memory")]
    with Bed(memory=f"{ROOM * EACH_MIB}Mi") as bed:
        bed.deploy("python", HANDLERS["python"], SETTINGS)
        names = bed.copies("python", FUNCTIONS)
        drawn = sequence(names)
        one_script = script(bed, "one", ["python"])
        most_script = script(bed, "most", names[:MOST_CALLED])
        rest_script = script(bed, "rest", names[MOST_CALLED:])
        many, one, most, rest = [], [], [], []
        cold = calls = 0
        for number in range(options.rounds):
            bed.call("python")
            one.append([drive(bed, one_script)[0]])
            before = bed.metric("hearth_cold_starts_total")
            per_second, count = drive(bed, script(bed, "zipf", drawn[calls:] + drawn[:calls]))
            many.append([per_second])
            cold += bed.metric("hearth_cold_starts_total") - before
            calls += count
            drive(bed, most_script)  # they are warm
            with ThreadPoolExecutor() as callers:
                both = [callers.submit(drive, bed, called) for called in (most_script, rest_script)]
                most.append([both[0].result()[0]])
                rest.append([both[1].result()[0]])
            progress(f"round {number + 1} of {options.rounds}")
    return [Figure("200 functions", "calls/s", many, floor="one warm function", better="higher",
                   goals=[{"of": "ratio", "least": 0.5}]),
            Figure("one warm function", "calls/s", one, better="higher"),
            Figure(f"the {MOST_CALLED} most called, while the rest is called", "calls/s", most, floor="one warm function",
                   better="higher"),
            Figure("the rest", "calls/s", rest, better="higher"),
            Figure("cold starts a call", "", [[cold / calls]], floor="cold starts a call, oracle",
                   goals=[{"of": "ratio", "most": 1.5}], note=f"{calls:,} calls; what is called between them is not the oracle's"),
            Figure("cold starts a call, oracle", "", [[misses(drawn[:calls], ROOM) / calls]])]


def sequence(names):
    """Zipf's law with exponent 1: the nth function is called in proportion to 1/n."""
    made = random.Random(1)
    return made.choices(names, [1 / (rank + 1) for rank in range(len(names))], k=SEQUENCE)


def script(bed, name, called):
    """A file for wrk, whose clients call these functions in turn."""
    file = bed.hearthd.folder / f"{name}.lua"
    file.write_text(SCRIPT % ", ".join(json.dumps(f"/fn/{one}/") for one in called))
    return file


def drive(bed, called):
    """(calls a second, calls)"""
    output = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--timeout", "60s", "-s", called,
                             f"http://{bed.hearthd.gateway}"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"RESULT (\d+) (\d+) (\d+)", output)
    if not found or int(found[3]) or not int(found[1]):
        raise RuntimeError(f"wrk: {output}")
    return int(found[1]) / int(found[2]) * 1e6, int(found[1])
