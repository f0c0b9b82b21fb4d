"""Loads of other shapes than small calls as fast as they go; each beside nginx in the same round."""
import json
import re
import statistics
import subprocess

from parts import Bodies, Hearth, Nginx, cpu_seconds

STREAMS = 200
RATE_CONNECTIONS = 16
OF_NGINX = 0.7  # of what nginx can, the constant rate
BODY_SCRIPTS = {
    "1MiB-down": 'wrk.method = "GET"',
    "1MiB-up": 'wrk.method = "POST"; wrk.body = string.rep("x", 1048576)',
}
WRK_END = """
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def load(programs, *words):
    done = subprocess.run([programs / "bench_load", *map(str, words)], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"bench_load {words}: {done.stderr}")
    return json.loads(done.stdout)


def with_cpu(case, run, key):
    before = cpu_seconds(case.pids())
    result = run()
    result["cpu_us"] = (cpu_seconds(case.pids()) - before) / max(result[key], 1) * 1e6
    return result


def constant_rate(cases, programs, rate, seconds):
    def run(case):
        result = with_cpu(case, lambda: load(programs, "rate", case.port, case.base + "/echo", RATE_CONNECTIONS, rate,
                                             seconds), "count")
        if result["count"] < 0.99 * rate * seconds:
            raise SystemExit(f"{case.name} did not answer all calls at {rate}/s: {result}")
        return result
    return {case.name: run(case) for case in cases}


def streams(cases, programs, seconds):
    return {case.name: with_cpu(case, lambda case=case: load(programs, "streams", case.port, case.base + "/events",
                                                             STREAMS, seconds), "count") for case in cases}


def wrk(case, path, script, connections, seconds):
    def run():
        output = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script,
                                 f"http://127.0.0.1:{case.port}{case.base}{path}"], capture_output=True, text=True).stdout
        found = re.search(r"RESULT (\d+) (\d+)(?: \d+ \d+)? (\d+)", output)
        if not found or int(found[3]):
            raise SystemExit(f"wrk on {case.name}{path}: {output}")
        return {"count": int(found[1]), "per_second": int(found[1]) / int(found[2]) * 1e6}
    return with_cpu(case, run, "count")


def row(shape, name, results, key, ratio_of=None, floor="nginx"):
    """The medians of one case; `ratio` is to the floor of the same round."""
    mine = [r[name] for r in results]
    shown = {k: round(statistics.median(r[k] for r in mine), 1) for k in mine[0] if k != "count"}
    ratio = statistics.median(r[name][key] / r[floor][key] for r in results if r[floor][key])
    made = {"shape": shape, "case": name, "ratio_of": ratio_of or key, "ratio": round(ratio, 3), **shown}
    if all(r[floor].get("cpu_us") for r in results):
        made["cpu_ratio"] = round(statistics.median(r[name]["cpu_us"] / r[floor]["cpu_us"] for r in results), 3)
    return made


# What is to be reached, of nginx's figure in the same round: of each shape's key.
GOALS = {"constant-rate": {"most": 1.15}, "1MiB-down": {"least": 1.0}, "1MiB-up": {"least": 1.0}, "streams": {"most": 1.0}}


def figures_of(shape, key, cases, results):
    """As tests/bench/figures.py has them."""
    unit, better = ("µs", "lower") if key.endswith("_us") else ("/s", "higher")
    made = []
    for case in cases:
        told = {"case": f"{case.name}, {shape}, {key.removesuffix('_us')}", "unit": unit, "better": better,
                "rounds": [[one[case.name][key]] for one in results]}
        if case.name != "nginx":
            told["floor"] = f"nginx, {shape}, {key.removesuffix('_us')}"
        if case.name == "hearth":
            told["goals"] = [{"of": "ratio", **GOALS[shape]}]
        made.append(told)
    return made


def hot(place, programs, upstream, script, rounds, seconds):
    """One replica that takes one call at a time, asked by 16 clients through four threads; the floor is one client. Rows
    and figures."""
    case = Hearth(place, programs / "bench_gateway_host", upstream, 1, 4)
    results = []
    for _ in range(rounds):
        one = wrk(case, "/echo", script, 1, seconds)
        results.append({"c=1": one, "c=16": wrk(case, "/echo", script, 16, seconds)})
    shape = "hot-concurrency-1"
    figures = [{"case": f"hearth, {shape}, {name}, {unit}", "unit": unit, "better": better,
                "rounds": [[one[name][key]] for one in results],
                "floor": "" if name == "c=1" else f"hearth, {shape}, c=1, {unit}"}
               for key, unit, better in (("per_second", "calls/s", "higher"), ("cpu_us", "µs of CPU a call", "lower"))
               for name in ("c=1", "c=16")]
    return [row(shape, name, results, "per_second", floor="c=1") for name in ("c=1", "c=16")], figures


def measure_shapes(place, programs, upstream, proxies, most, small_script, rounds, seconds):
    """`proxies`: hearth and nginx before the echo server; `most`: nginx's calls a second at c=16. Rows of the table, and
    figures with all their rounds."""
    bodies = Bodies(place)
    large = [Hearth(place, programs / "bench_gateway_host", bodies), Nginx(place, bodies, "nginx-bodies")]
    scripts = {shape: place.write(f"{shape}.lua", text + WRK_END) for shape, text in BODY_SCRIPTS.items()}
    rate = round(most * OF_NGINX)
    gathered = {shape: [] for shape in ("constant-rate", *BODY_SCRIPTS, "streams")}
    for number in range(rounds):
        turn = (lambda cases: cases if number % 2 else cases[::-1])  # noqa: B023
        gathered["constant-rate"].append(constant_rate(turn(proxies), programs, rate, seconds))
        for shape, script in scripts.items():
            path, cases = ("/down", large) if shape.endswith("down") else ("/up", proxies)
            gathered[shape].append({case.name: wrk(case, path, script, 16, seconds) for case in turn(cases)})
        gathered["streams"].append(streams(turn(proxies), programs, seconds))
    keys = {"constant-rate": "p999_us", "streams": "p99_us"}
    rows = [row(shape, case.name, results, keys.get(shape, "per_second"))
            for shape, results in gathered.items() for case in proxies]
    figures = [figure for shape, results in gathered.items()
               for figure in figures_of(shape, keys.get(shape, "per_second"), proxies, results)]
    hot_rows, hot_figures = hot(place, programs, upstream, small_script, rounds, seconds)
    return rows + hot_rows, figures + hot_figures


def shape_table(rows):
    columns = (("shape", "shape"), ("case", "case"), ("per_second", "a second"), ("p50_us", "p50 µs"), ("p99_us", "p99 µs"),
               ("p999_us", "p99.9 µs"), ("ratio_of", "ratio of"), ("ratio", "× floor"), ("cpu_us", "CPU µs each"),
               ("cpu_ratio", "× floor"))
    print("  ".join(f"{title:>17}" for _, title in columns))
    for one in rows:
        print("  ".join(f"{one.get(key, '-'):>17}" for key, _ in columns))
