#!/usr/bin/env python3
"""Hearth's figures, row by row, each beside its floor in the same rounds. Nothing here passes or fails."""
import argparse
import importlib
import json
import os
import pathlib
import sys
import time

import report
import results
from figures import changes
from support.docker import Docker

ROWS = ("cold", "rate", "image", "resume", "many", "memory", "redeploy", "burst", "durable", "gateway")


def parse(words):
    options = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    options.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all where none is named")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=int, default=2, help="of each case of gateway in each round")
    options.add_argument("--long", action="store_true", help="the whole lengths: rate 60 s, memory 10 minutes of load")
    options.add_argument("--offline", action="store_true", help="leave out what needs a package registry")
    options.add_argument("--output", choices=("table", "json"), default="table")
    options.add_argument("--keep", action="store_true", help="put the results into tests/bench/results and docs/performance.md")
    options.add_argument("--compare", type=pathlib.Path, metavar="FILE",
                         help="a row's kept JSON, or a folder of them: show what changed; exits with 1 where it got worse")
    options.add_argument("--programs", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    given = options.parse_args(words)
    for row in given.rows:
        if row not in ROWS:
            options.error(f"there is no row {row}; there are: {', '.join(ROWS)}")
    given.rows = given.rows or list(ROWS)
    if given.rounds < 1:
        options.error("--rounds must be at least 1")
    return given


def main():
    options = parse(sys.argv[1:])
    before = results.load(options.compare) if options.compare else {}
    # `gateway` alone needs no engine.
    machine = results.describe_machine(Docker() if os.environ.get("HEARTH_TEST_DOCKER") else None)
    measured, worse = [], False
    for row in options.rows:
        document = measure(row, options, machine)
        measured.append(document)
        if options.output == "table":
            print(report.as_text(document), flush=True)
        if row in before:
            worse |= compare(before[row], document)
        if options.keep:
            print(f"kept in {results.save(document).relative_to(results.ROOT)}", file=sys.stderr)
    if options.output == "json":
        print(json.dumps(measured, ensure_ascii=False))
    if options.keep:
        report.write_page(results.load(results.KEPT))
    return 1 if worse else 0


def measure(row, options, machine):
    print(f"==> {row}", file=sys.stderr, flush=True)
    module = importlib.import_module(f"rows.{row}")
    begun = time.monotonic()
    figures = module.measure(options)
    settings = {"rounds": options.rounds, "long": options.long, "minutes": round((time.monotonic() - begun) / 60, 1)}
    return results.document(row, module.TITLE, figures, machine, settings)


def compare(before, now):
    """Shows what changed; true where something got worse."""
    found = changes(results.figures_of(before), results.figures_of(now))
    for one in found:
        words = "WORSE" if one.is_regression() else "better"
        spread = ", within the rounds' spread" if one.within_spread else ""
        print(f"{words}: {now['row']}: {one.case}: {one.of} {one.before:.3g} → {one.now:.3g} ({one.part():+.0%}{spread})",
              file=sys.stderr)
    if not found:
        print(f"{now['row']}: nothing changed by 15 % or more since {before['commit']}", file=sys.stderr)
    return any(one.is_regression() for one in found)


if __name__ == "__main__":
    sys.exit(main())
