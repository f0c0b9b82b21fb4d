#!/usr/bin/env python3
"""clang-tidy over our own files, as many at once as there are cores: tidy.py BUILD.

What passed is remembered in BUILD/tidy by the content of all that the file is made of, so only what changed is read
again. Prints each complaint once; exits with 1 when there is any.
"""
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

TIDY = "clang-tidy-16"
CLANG_ONLY = ["--extra-arg=-Wno-unknown-warning-option"]  # the commands are GCC's
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


def check(entry, build):
    started = time.monotonic()
    done = subprocess.run([TIDY, "-p", str(build), "--quiet", *CLANG_ONLY, entry["file"]], capture_output=True, text=True)
    return done.returncode, done.stdout + (done.stderr if done.returncode else ""), time.monotonic() - started


def main(build):
    top = build.parent.parent
    remembered = build / "tidy"
    remembered.mkdir(exist_ok=True)
    version = subprocess.run([TIDY, "--version"], capture_output=True, check=True).stdout
    entries = {e["file"]: e for e in json.loads((build / "compile_commands.json").read_text())}.values()
    entries = [e for e in entries if not e["file"].startswith(str(build))]
    marks = {e["file"]: remembered / fingerprint(e, top, version) for e in entries}
    unread = [e for e in entries if not marks[e["file"]].exists()]
    print(f"    {len(unread)} of {len(entries)} files to read", flush=True)

    shown, failed, slowest, started = set(), 0, (0.0, ""), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = {pool.submit(check, e, build): e for e in unread}
        for job in concurrent.futures.as_completed(jobs):
            name = jobs[job]["file"]
            status, output, seconds = job.result()
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
