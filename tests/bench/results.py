"""A row's results as JSON: its figures, and what they were measured on. One file a row, so that each can be renewed alone."""
import dataclasses
import datetime
import json
import pathlib
import platform
import re
import subprocess

from figures import Absent, Figure

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEPT = ROOT / "tests/bench/results"


def describe_machine(docker=None):
    """As much as another reader needs to know what these figures are of; nothing that names the machine."""
    cpu = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1))
    told = {"cpu": cpu.group(1).strip() if cpu else platform.machine(), "cores": len(cores()),
            "memory_gib": round(memory / (1 << 20), 1), "kernel": platform.release(), "system": system_name(),
            "cgroup": 2 if pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1,
            "load_before": float(pathlib.Path("/proc/loadavg").read_text().split()[0])}
    if docker:
        version, info = docker.ask("GET", "/version"), docker.ask("GET", "/info")
        told["docker"] = f"{version['Version']}, {info['Driver']}, {info['DefaultRuntime']}"
    return told


def cores():
    return re.findall(r"^processor\s*:", pathlib.Path("/proc/cpuinfo").read_text(), re.M)


def system_name():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def commit():
    def git(*words):
        return subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no", "--", "controller", "templates", "cli")
    return git("rev-parse", "--short=10", "HEAD") + ("+" if changed else "")


def document(row, title, figures, machine, settings):
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")
    return {"row": row, "title": title, "when": now, "commit": commit(), "machine": machine, "settings": settings,
            "figures": [to_json(one) for one in figures]}


def to_json(one):
    told = dataclasses.asdict(one)
    if isinstance(one, Figure):
        told["rounds"] = [[round_off(sample) for sample in samples] for samples in one.rounds]
        told["parts"] = {name: round_off(value) for name, value in one.parts.items()}
    return {key: value for key, value in told.items() if value not in ("", {}, [], None)}


def round_off(value):
    """Five significant digits: more would be noise."""
    return float(f"{value:.5g}")


def from_json(told):
    return Absent(**told) if "why" in told else Figure(**{"unit": "", "better": "", **told})


def figures_of(document):
    return [from_json(one) for one in document["figures"]]


def save(document, folder=KEPT):
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=1, ensure_ascii=False)
    # A list of numbers stands on one line.
    text = re.sub(r"\[\s+([-\d.,e\s]+?)\s+\]", lambda m: "[" + re.sub(r"\s+", " ", m[1]) + "]", text)
    path = folder / f"{document['row']}.json"
    path.write_text(text + "\n")
    return path


def load(path):
    """{row: document}, of one file or of a folder of them."""
    path = pathlib.Path(path)
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    documents = [json.loads(file.read_text()) for file in files]
    return {one["row"]: one for one in documents}
