#!/usr/bin/env python3
"""Counts what ctest's reports say, test case by test case: tally.py LOGS SUITE …

Prints a line a suite, each failure with the end of its output, and last `N passed, N failed` over all of them.
Exits with 1 when something failed or nothing ran.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as ET

GTEST = re.compile(r"\[ +(OK|FAILED|SKIPPED) +\] (\S+\.[^\s(,]+).*?\(\d+ ms\)")
UNITTEST = re.compile(r"^Ran (\d+) tests? in", re.M)
UNITTEST_BAD = re.compile(r"^FAILED \((.*)\)", re.M)


def cases(program):
    """(passed, failed, skipped) of one test program, whose own count is finer than ctest's."""
    text = program.findtext("system-out") or ""
    ok = program.get("status") == "run"
    found = [outcome for outcome, _ in GTEST.findall(text)]
    passed, failed, skipped = (found.count(word) for word in ("OK", "FAILED", "SKIPPED"))
    if ran := UNITTEST.search(text):
        bad = UNITTEST_BAD.search(text)
        lost = sum(int(n) for n in re.findall(r"(?:failures|errors)=(\d+)", bad.group(1))) if bad else 0
        passed, failed = passed + int(ran.group(1)) - lost, failed + lost
    if passed + failed + skipped == 0 and ok:
        passed = 1
    if not ok and failed == 0:
        failed = 1  # it crashed, or ran out of time, between two cases
    return passed, failed, skipped


def main(logs, suites):
    total = [0, 0, 0]
    for suite in suites:
        sums, seconds = [0, 0, 0], 0.0
        for report in sorted(p for p in logs.glob("*.junit.xml") if p.name.split(".")[0].split("-")[0] == suite):
            for program in ET.parse(report).getroot().iter("testcase"):
                counts = cases(program)
                sums = [a + b for a, b in zip(sums, counts)]
                seconds += float(program.get("time") or 0)
                if counts[1]:
                    tail = (program.findtext("system-out") or "").strip().splitlines()[-40:]
                    print(f"\n--- {suite}: {program.get('name')} ({report.name})\n" + "\n".join(tail) + "\n")
        for mark in sorted(p for p in logs.glob("*.broken") if p.name.split(".")[0].split("-")[0] == suite):
            print(f"--- {suite}: {mark.read_text().strip()}")
            sums[1] += 1
        if not any(sums):
            print(f"--- {suite}: it has no tests")
            sums[1] += 1
        extra = f", {sums[2]} skipped" if sums[2] else ""
        print(f"{suite:8} {sums[0]:5} passed, {sums[1]} failed{extra}, {seconds:.0f} s of tests")
        total = [a + b for a, b in zip(total, sums)]
    print(f"\n{total[0]} passed, {total[1]} failed" + (f", {total[2]} skipped" if total[2] else ""))
    return 1 if total[1] or not total[0] else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))
