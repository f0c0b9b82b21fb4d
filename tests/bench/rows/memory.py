"""hearthd's resident memory: empty, with 1,000 functions, and under load; nginx's as a proxy beside it."""
import pathlib
import re
import subprocess
import time

from bed import Bed, progress
from figures import Figure
from functions import HANDLERS
from parts import Nginx, Upstream, Workspace, children

TITLE = "hearthd's resident memory"
FUNCTIONS = 1000
LOAD_SECONDS = 60
LONG_LOAD_SECONDS = 600
STEPS = 12
BASE = "debian:bookworm-slim"
SETTINGS = "scale: {idle_timeout: 10m}\n"


def measure(options):
    seconds = LONG_LOAD_SECONDS if options.long else LOAD_SECONDS
    with Bed() as bed:
        time.sleep(1)  # its threads are up
        empty = bed.hearthd.resident_mib()
        # Of one image: a build of each would take long and say nothing of hearthd. Named by its id: nothing is pulled.
        bed.deploy("image", {"fn.yaml": f"image: {bed.docker.ask('GET', f'/images/{BASE}/json')['Id']}\n"})
        bed.copies("image", FUNCTIONS - 1)
        progress(f"{FUNCTIONS} functions are deployed")
        deployed = bed.hearthd.resident_mib()
        bed.deploy("loaded", HANDLERS["node"], SETTINGS)
        bed.call("loaded")
        under_load = resident_under_load(bed.hearthd.url("loaded"), bed.hearthd.resident_mib, seconds)
    proxy = resident_of_nginx(options, seconds)
    grown = under_load[-1] / under_load[1]
    return [Figure("hearthd, empty", "MiB", [[empty]], floor="nginx, after load", goals=[{"of": "median", "most": 25}]),
            Figure(f"hearthd, {FUNCTIONS:,} functions", "MiB", [[deployed]], goals=[{"of": "median", "most": 60}]),
            Figure(f"hearthd, after {seconds} s of load", "MiB", [[under_load[-1]]],
                   note=f"{grown:.2f} × what it had after {seconds / STEPS:g} s of load"),
            Figure("nginx, after load", "MiB", [[proxy]])]


def resident_under_load(url, resident, seconds):
    """What is resident before, at each step of the load, and at its end."""
    load = subprocess.Popen(["wrk", "-t1", "-c32", f"-d{seconds}s", url], stdout=subprocess.PIPE, text=True)
    seen = [resident()]
    for _ in range(STEPS - 1):
        time.sleep(seconds / STEPS)
        seen.append(resident())
    told = load.communicate(timeout=seconds + 60)[0]
    if load.returncode != 0 or "Non-2xx" in told:
        raise RuntimeError(f"the load failed: {told}")
    return [*seen, resident()]


def resident_of_nginx(options, seconds):
    """Of its master and two workers; what they share counts once."""
    with Workspace() as place:
        upstream = Upstream(place, options.programs / "bench_echo")
        nginx = Nginx(place, upstream)

        def resident():
            pids = [nginx.master.pid, *children(nginx.master.pid)]
            return sum(proportional_kib(pid) for pid in pids) / 1024
        return resident_under_load(nginx.url, resident, min(seconds, LOAD_SECONDS))[-1]


def proportional_kib(pid):
    return int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1))
