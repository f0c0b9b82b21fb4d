#!/usr/bin/env python3
"""clang-tidy over our own files, as many at once as there are cores: tidy.py BUILD.

Most of its time goes to headers, so files of one target are read together, as one that includes them. Where such a group
does not pass, or two of its files cannot stand beside each other, it is halved, and what one file alone is told counts.
What passed is remembered in BUILD/tidy by the content of all that the file is made of, so only what changed is read
again. Prints each complaint once; exits with 1 when there is any.
"""
import collections
import concurrent.futures
import functools
import hashlib
import itertools
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

TIDY = "clang-tidy-16"
CLANG_ONLY = ["--extra-arg=-Wno-unknown-warning-option"]  # the commands are GCC's
GROUP = 6  # files at most: one that does not pass costs the others little
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.M)
COMPLAINT = re.compile(r"^\S+:\d+:\d+: (warning|error): ")


@functools.lru_cache(maxsize=None)
def content(path):
    return path.read_bytes()


def includes(path, roots, seen):
    """All files of ours that `path` is made of, itself included."""
    if path in seen:
        return seen
    seen.add(path)
    for name in INCLUDE.findall(content(path)):
        for root in (path.parent, *roots):
            file = (root / name.decode()).resolve()
            if file.is_file():
                includes(file, roots, seen)
                break
    return seen


def fingerprint(entry, top, version):
    path = pathlib.Path(entry["file"])
    digest = hashlib.sha256(version + entry["command"].encode())
    roots = (top / "controller", top, top / "tests")
    for file in sorted(includes(path, roots, set()) | set(top.glob(".clang-tidy")) | set(top.glob("tests/.clang-tidy"))):
        digest.update(str(file).encode() + b"\0" + content(file) + b"\0")
    return digest.hexdigest()


def command_of(entry):
    """What it is compiled with, and the folder of its target's objects."""
    words = shlex.split(entry["command"])
    at = words.index("-o")
    target, found, _ = words[at + 1].partition(".dir/")
    return tuple(words[1:at]), target if found else entry["file"]


def groups_of(entries):
    alike = collections.defaultdict(list)
    for entry in entries:
        alike[command_of(entry)].append(entry)
    for (flags, _), those in alike.items():
        count = -(-len(those) // GROUP)
        for i in range(count):
            yield flags, those[i::count]


def check_alone(entry, build):
    done = subprocess.run([TIDY, "-p", str(build), "--quiet", *CLANG_ONLY, entry["file"]], capture_output=True, text=True)
    return done.returncode, done.stdout + (done.stderr if done.returncode else "")


def passes(flags, entries, folder):
    with tempfile.NamedTemporaryFile("w", suffix=".cpp", dir=folder) as together:
        together.write("".join(f'#include "{entry["file"]}"\n' for entry in entries))
        together.flush()
        command = [TIDY, "--quiet", "--checks=-bugprone-suspicious-include", *CLANG_ONLY, together.name, "--", *flags]
        return subprocess.run(command, capture_output=True).returncode == 0


def check(flags, entries, build):
    """(entry, status, output, seconds) of each."""
    started = time.monotonic()
    if len(entries) == 1:
        status, output = check_alone(entries[0], build)
        return [(entries[0], status, output, time.monotonic() - started)]
    if passes(flags, entries, build / "together"):
        seconds = (time.monotonic() - started) / len(entries)
        return [(entry, 0, "", seconds) for entry in entries]
    half = len(entries) // 2
    return check(flags, entries[:half], build) + check(flags, entries[half:], build)


def main(build):
    top = build.parent.parent
    remembered = build / "tidy"
    remembered.mkdir(exist_ok=True)
    (build / "together").mkdir(exist_ok=True)  # below our .clang-tidy
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    entries = {e["file"]: e for e in json.loads((build / "compile_commands.json").read_text())}.values()
    entries = [e for e in entries if not e["file"].startswith(str(build))]
    marks = {e["file"]: remembered / fingerprint(e, top, version) for e in entries}
    unread = [e for e in entries if not marks[e["file"]].exists()]
    print(f"    {len(unread)} of {len(entries)} files to read", flush=True)

    shown, failed, slowest, started = set(), 0, (0.0, ""), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(check, flags, group, build) for flags, group in groups_of(unread)]
        for entry, status, output, seconds in itertools.chain.from_iterable(
                job.result() for job in concurrent.futures.as_completed(jobs)):
            name = entry["file"]
            slowest = max(slowest, (seconds, os.path.relpath(name, top)))
            if status == 0:
                marks[name].touch()
                continue
            failed += 1
            if not any(COMPLAINT.match(line) for line in output.splitlines()):
                print(f"{name}: {TIDY} failed\n{output[-2000:]}")
            for block in re.split(r"(?m)^(?=\S+:\d+:\d+: (?:warning|error): )", output):
                # A header's complaint comes with every file that includes it.
                if COMPLAINT.match(block) and block not in shown:
                    shown.add(block)
                    print(re.sub(r"\n\d+ warnings.*", "", block, flags=re.S).rstrip().replace(f"{top}/", ""), flush=True)
    for mark in set(remembered.iterdir()) - set(marks.values()):
        mark.unlink()
    if unread:
        print(f"    {time.monotonic() - started:.0f} s; the slowest: {slowest[1]}, {slowest[0]:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
