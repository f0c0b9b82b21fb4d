"""Durable calls: how fast they are acknowledged and run, beside one SQLite insert a sync on the same disk."""
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from bed import Bed, progress
from figures import Figure
from support.waiting import wait_for

TITLE = "Durable calls"
PRODUCERS = (1, 64)
FLOOR = "one insert a sync"
BODY = 100
HANDLER = {
    "fn.yaml": "runtime: node\nhandler: handler.js\n",
    "package.json": '{"private": true, "type": "module"}\n',
    "handler.js": "export default () => 'ok';\n",
}
SETTINGS = "limits: {concurrency: 64}\nscale: {max: 1, idle_timeout: 10m}\n"
POST = 'wrk.method = "POST"\nwrk.body = string.rep("x", %d)\n' % BODY
SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1}


def inserts(folder, seconds):
    """Rows a second, one transaction each, and how long each took, in ms."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        database = sqlite3.connect(Path(home) / "floor.db", isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE calls (id TEXT PRIMARY KEY, body BLOB)")
        took, begun = [], time.perf_counter()
        while time.perf_counter() - begun < seconds:
            before = time.perf_counter()
            database.execute("INSERT INTO calls VALUES (?, ?)", (str(len(took)), b"x" * BODY))
            took.append((time.perf_counter() - before) * 1e3)
        rate = len(took) / (time.perf_counter() - begun)
        database.close()
    return rate, took


def acknowledged(bed, producers, seconds):
    """Acknowledgements a second, and the median and the 99th percentile of the time to one, in ms."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(POST)
        script.flush()
        told = subprocess.run(["wrk", "-t1", f"-c{producers}", f"-d{seconds}s", "--latency", "-s", script.name,
                               f"http://{bed.hearthd.gateway}/async/echo"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told:
        raise RuntimeError(told)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1])

    def percentile(name):
        value, unit = re.search(rf"{name}%\s+([\d.]+)(us|ms|s)", told).groups()
        return float(value) * SECONDS[unit] * 1e3
    return rate, percentile(50), percentile(99)


def store(bed):
    answer = bed.hearthd.raw("/async/echo", "POST", b"x" * BODY)
    if answer.status != 202:
        raise RuntimeError(str(answer))
    return answer.json()["id"]


def standing(bed, call):
    return bed.hearthd.raw(f"/async/{call}").json()


def await_end(bed, call):
    return wait_for("the call has ended", lambda: standing(bed, call)["state"] == "succeeded", 300, between=0.005)


def drain(bed):
    """Everything that was stored before has run."""
    await_end(bed, store(bed))


def completed(bed):
    """Calls that ended, a second, of a flood that is waited for."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(POST)
        script.flush()
        begun = time.perf_counter()
        told = subprocess.run(["wrk", "-t1", "-c64", "-d1s", "-s", script.name,
                               f"http://{bed.hearthd.gateway}/async/echo"], capture_output=True, text=True, check=True).stdout
        drain(bed)
        return int(re.search(r"(\d+) requests in", told)[1]) / (time.perf_counter() - begun)


def end_to_end(bed, samples=20):
    """Milliseconds from asking for a call until it is seen to have ended, with nothing else to do."""
    took = []
    for _ in range(samples):
        begun = time.perf_counter()
        await_end(bed, store(bed))
        took.append((time.perf_counter() - begun) * 1e3)
    return took


def measure(options):
    rates = {case: [] for case in (FLOOR, *PRODUCERS)}
    medians = {case: [] for case in (FLOOR, *PRODUCERS)}
    tails = {case: [] for case in (FLOOR, *PRODUCERS)}
    ended, whole = [], []
    with Bed() as bed:
        bed.deploy("echo", HANDLER, SETTINGS)
        bed.call("echo")
        for number in range(options.rounds):
            rate, took = inserts(bed.hearthd.state_dir, options.seconds)
            rates[FLOOR].append([rate])
            medians[FLOOR].append([statistics.median(took)])
            tails[FLOOR].append([statistics.quantiles(took, n=100)[-1]])
            for producers in PRODUCERS:
                rate, median, tail = acknowledged(bed, producers, options.seconds)
                rates[producers].append([rate])
                medians[producers].append([median])
                tails[producers].append([tail])
                drain(bed)
            ended.append([completed(bed)])
            whole.append(end_to_end(bed))
            progress(f"round {number + 1} of {options.rounds}")
    made = [Figure(FLOOR, "/s", rates[FLOOR], better="higher")]
    for producers in PRODUCERS:
        goals = [{"of": "ratio", "least": 10}] if producers == 64 else []
        made.append(Figure(f"acknowledged, {producers} at once", "/s", rates[producers], floor=FLOOR, better="higher",
                           goals=goals))
    made.append(Figure("ended, 64 at once", "/s", ended, floor=FLOOR, better="higher"))
    made.append(Figure("an insert and its sync, median", "ms", medians[FLOOR]))
    made.append(Figure("an insert and its sync, p99", "ms", tails[FLOOR]))
    for producers in PRODUCERS:
        made.append(Figure(f"to be acknowledged, {producers} at once, median", "ms", medians[producers],
                           floor="an insert and its sync, median"))
        made.append(Figure(f"to be acknowledged, {producers} at once, p99", "ms", tails[producers],
                           floor="an insert and its sync, p99", goals=[{"of": "ratio", "most": 2}]))
    made.append(Figure("until it has run, one at a time", "ms", whole))
    return made
