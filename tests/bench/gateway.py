#!/usr/bin/env python3
"""hearthd's gateway beside nginx and HAProxy as proxies, all before the same upstream, and the upstream itself, on loopback.

Then loads of other shapes: a constant rate of 70 % of nginx's most (latency from when a call was due), bodies of 1 MiB
each way, 200 event streams, and one replica of concurrency 1 under four gateway threads.

Rounds are interleaved: each round drives every case at every number of connections for a moment, so that what else
the machine does falls on all alike. A ratio is hearth's figure over nginx's of the same round; its median is shown.
"""
import argparse
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import time

from parts import HAProxy, Hearth, Nginx, Upstream, Workspace, cpu_seconds
from shapes import measure_shapes, shape_table

CONNECTIONS = (1, 16, 64)
WRK_SCRIPT = """
wrk.method = "POST"
wrk.body = "0123456789"
wrk.headers["Content-Type"] = "application/octet-stream"
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def drive(case, connections, seconds, script):
    """One timed run of wrk: its figures and the CPU that the proxy and wrk took, each per call in microseconds."""
    proxy = cpu_seconds(case.pids())
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script, case.url]
    wrk = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = wrk.stdout.read()
    usage = wait_with_usage(wrk)
    proxy = cpu_seconds(case.pids()) - proxy
    found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", output)
    if wrk.returncode != 0 or not found:
        raise SystemExit(f"wrk failed on {case.name}: {output}")
    calls, micros, p50, p99, errors = map(int, found.groups())
    if errors or not calls:
        raise SystemExit(f"{case.name}: {errors} of {calls} calls failed at c={connections}: such figures mean nothing")
    return {"rps": calls / micros * 1e6, "p50_us": p50, "p99_us": p99, "cpu_us": proxy / calls * 1e6,
            "wrk_cpu_us": usage / calls * 1e6}


def wait_with_usage(process):
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def count_syscalls(case, connections, script):
    """System calls of the proxy per call, in a run of its own: being traced is slow."""
    if not case.pids():
        return None
    trace = subprocess.Popen(["strace", "-c", "-f", "-qq", *(f"-p{pid}" for pid in case.pids())],
                             stderr=subprocess.PIPE, text=True)
    await_traced(case.pids(), trace)
    output = subprocess.run(["wrk", "-t1", f"-c{connections}", "-d1s", "-s", script, case.url], capture_output=True,
                            text=True, check=True).stdout
    trace.send_signal(signal.SIGINT)
    summary = trace.communicate()[1]
    calls = int(re.search(r"RESULT (\d+)", output).group(1))
    total = re.search(r"^100\.00\s+[\d.]+\s+(?:\d+\s+)?(\d+)\s+(?:\d+\s+)?total", summary, re.M)
    if not total:
        raise SystemExit(f"strace said nothing of {case.name}: {summary[-300:]}")
    return int(total.group(1)) / calls


def await_traced(pids, trace):
    deadline = time.monotonic() + 10
    while trace.poll() is None and time.monotonic() < deadline:
        tracers = [re.search(r"TracerPid:\s+(\d+)", (task / "status").read_text()).group(1)
                   for pid in pids for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]
        if "0" not in tracers:
            return
        time.sleep(0.02)
    raise SystemExit("strace could not attach: it needs root, or kernel.yama.ptrace_scope=0")


def measure(cases, rounds, seconds, script):
    """{(case, c): [one result a round]}"""
    results = {(case.name, c): [] for case in cases for c in CONNECTIONS}
    for case in cases:
        drive(case, 16, 1, script)  # connections made, caches warm
    for number in range(1, rounds + 1):
        for c in CONNECTIONS:
            # Whoever goes first in a round goes last in the next.
            for case in cases if number % 2 else reversed(cases):
                results[case.name, c].append(drive(case, c, seconds, script))
        print(f"round {number} of {rounds}", file=sys.stderr)
    return results


def summarize(cases, results, syscalls):
    rows = []
    for c in CONNECTIONS:
        nginx = results["nginx", c]
        for case in cases:
            mine = results[case.name, c]
            median = lambda key: statistics.median(r[key] for r in mine)  # noqa: E731
            per_round = lambda key: statistics.median(a[key] / b[key] for a, b in zip(mine, nginx) if b[key])  # noqa: E731
            row = {"case": case.name, "c": c, "ratio": round(per_round("rps"), 3), "rps": round(median("rps")),
                   "p50_us": round(median("p50_us")), "p99_us": round(median("p99_us")),
                   "wrk_cpu_us_per_call": round(median("wrk_cpu_us"), 2)}
            if case.pids():
                row |= {"cpu_ratio": round(per_round("cpu_us"), 3), "cpu_us_per_call": round(median("cpu_us"), 2),
                        "syscalls_per_call": round(syscalls[case.name, c], 2)}
            rows.append(row)
    return rows


# What is to be reached, of nginx's figure in the same round.
GOALS = {("rps", 1): {"least": 1.0}, ("rps", 16): {"least": 1.2}, ("rps", 64): {"least": 1.0}, ("cpu_us", 16): {"most": 0.85}}


def small_call_figures(cases, results, syscalls):
    """As tests/bench/figures.py has them: every round, and what it is held against. System calls are counted once."""
    made = []
    for key, unit, better in (("rps", "calls/s", "higher"), ("cpu_us", "µs of CPU a call", "lower"),
                              ("syscalls", "system calls a call", "lower")):
        for c in CONNECTIONS:
            for case in cases:
                if key != "rps" and not case.pids():
                    continue
                rounds = [[syscalls[case.name, c]]] if key == "syscalls" else [[one[key]] for one in results[case.name, c]]
                told = {"case": f"{case.name}, c={c}, {unit}", "unit": unit, "better": better, "rounds": rounds}
                if case.name != "nginx":
                    told["floor"] = f"nginx, c={c}, {unit}"
                if case.name == "hearth" and (key, c) in GOALS:
                    told["goals"] = [{"of": "ratio", **GOALS[key, c]}]
                made.append(told)
    return made


def table(rows):
    columns = (("case", "case"), ("c", "c"), ("rps", "calls/s"), ("ratio", "× nginx"), ("p50_us", "p50 µs"),
               ("p99_us", "p99 µs"), ("cpu_us_per_call", "CPU µs/call"), ("cpu_ratio", "× nginx"),
               ("syscalls_per_call", "syscalls/call"), ("wrk_cpu_us_per_call", "wrk's CPU µs/call"))
    print("  ".join(f"{title:>13}" for _, title in columns))
    for row in rows:
        print("  ".join(f"{row.get(key, '-'):>13}" for key, _ in columns))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--programs", type=pathlib.Path, required=True, help="where bench_echo, bench_load and bench_gateway_host are")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=int, default=2, help="of each case in each round")
    options.add_argument("--output", choices=("table", "json"), default="table")
    given = options.parse_args()

    with Workspace() as place:
        script = place.write("calls.lua", WRK_SCRIPT)
        upstream = Upstream(place, given.programs / "bench_echo")
        cases = [Hearth(place, given.programs / "bench_gateway_host", upstream), Nginx(place, upstream), HAProxy(place, upstream), upstream]
        results = measure(cases, given.rounds, given.seconds, script)
        syscalls = {(case.name, c): count_syscalls(case, c, script) for case in cases for c in CONNECTIONS}
        rows = summarize(cases, results, syscalls)
        most = statistics.median(result["rps"] for result in results["nginx", 16])
        figures = small_call_figures(cases, results, syscalls)
        shapes, more = measure_shapes(place, given.programs, upstream, cases[:2], most, script, given.rounds, given.seconds)
    if given.output == "json":
        print(json.dumps({"rows": rows, "shapes": shapes, "figures": figures + more}))
    else:
        table(rows)
        print()
        shape_table(shapes)


if __name__ == "__main__":
    main()
