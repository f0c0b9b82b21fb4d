"""Results as text for a terminal, and as docs/performance.md."""
import results
from figures import Absent, floor_of, is_reached, ratio, value_of

PAGE = results.ROOT / "docs/performance.md"
ORDER = ("cold", "rate", "image", "resume", "many", "memory", "redeploy", "burst", "durable", "gateway")
COLUMNS = ("what", "median", "p99", "rounds' quartiles", "÷ floor", "floor", "to reach")
HEAD = """# What Hearth costs, measured

Made from `tests/bench/results/*.json` by `./dev bench --keep`: measure anew instead of editing it. Nothing here is asserted by a test.

## How it is measured, and how to repeat it

```sh
./dev bench                     # every row; {minutes} minutes where this was measured
./dev bench cold burst          # some of them
./dev bench cold --compare tests/bench/results/cold.json    # what changed by 15 % or more
./dev bench --keep              # put the results and this page in place of the kept ones
```

Each row measures Hearth and its **floor** (what the same takes with nothing of Hearth's) in the same rounds, at least seven, in
turns: who goes first in one goes last in the next. A ratio is taken within each round; what is shown is the median of the
rounds' ratios with their quartiles in brackets, so what else the machine did falls on both sides. Hardware differs: compare ratios, not
milliseconds. All calls come over loopback or a unix socket, from one client on the same machine, which takes its share of the cores.
`p99` is by nearest rank, and stands only where there are a hundred samples.
"""


def rows_of(document):
    """One tuple of cells for each figure."""
    figures = results.figures_of(document)
    return [absent_row(one) if isinstance(one, Absent) else row_of(one, figures) for one in figures]


def absent_row(one):
    return (one.case, f"not there: {one.why}", "", "", "", "", "")


def row_of(figure, figures):
    floor = floor_of(figure, figures)
    found = ratio(figure, floor) if floor else None
    low, high = figure.spread()
    return (figure.case, amount(figure.median(), figure.unit),
            amount(figure.p99(), figure.unit) if len(figure.samples()) >= 100 else "",
            f"{short(low)}–{short(high)}" if len(figure.rounds) > 1 else "",
            f"{found[0]:.2f} ({found[1]:.2f}–{found[2]:.2f})" if found else "",
            figure.floor if floor else "", goals_of(figure, figures))


def goals_of(figure, figures):
    told = []
    for goal in figure.goals:
        sign, bound = ("≤", goal["most"]) if "most" in goal else ("≥", goal["least"])
        value = value_of(figure, goal["of"], figures)
        unit = "×" if goal["of"] == "ratio" else figure.unit
        verdict = {True: "reached", False: f"not reached: {short(value or 0)}", None: ""}[is_reached(figure, goal, figures)]
        told.append(f"{goal['of']} {sign} {short(bound)} {unit}: {verdict}")
    return "; ".join(told)


def short(value):
    """Three digits that say something."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def amount(value, unit):
    return f"{short(value)} {unit}"


def as_text(document):
    rows = [COLUMNS, *rows_of(document)]
    # What is absent says so over the columns that it does not have.
    widths = [max(len(row[at]) for row in rows if not row[1].startswith("not there")) for at in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([f"{document['row']}: {document['title']}", *lines, *parts_lines(document), ""])


def parts_lines(document):
    told = []
    for one in document["figures"]:
        if one.get("parts"):
            phases = ", ".join(f"{name} {short(ms)}" for name, ms in one["parts"].items())
            told.append(f"{one['case']}: {phases}")
        if one.get("note"):
            told.append(f"{one['case']}: {one['note']}")
    return told


def as_section(document):
    lines = [f"## {document['title']} (`{document['row']}`)", "",
             f"{document['when']}, commit {document['commit']}, {document['settings']['rounds']} rounds{busy(document)}.", "",
             "| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    lines += ["| " + " | ".join(row) + " |" for row in rows_of(document)]
    told = parts_lines(document)
    if told:
        lines += ["", *(f"- {line}" for line in told)]
    return "\n".join(lines) + "\n"


def busy(document):
    """Whether the machine had other work, which makes everything slow and the spread wide."""
    machine = document["machine"]
    load = machine["load_before"]
    return f"; the machine was busy with other work (load {load:g} before it began)" if load > machine["cores"] else ""


def machine_words(machine):
    words = (f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}, kernel "
             f"{machine['kernel']}, cgroup v{machine['cgroup']}")
    return words + (f", Docker {machine['docker']}" if "docker" in machine else "")


def write_page(documents):
    known = [documents[row] for row in ORDER if row in documents]
    machines = {}
    for one in known:
        machines.setdefault(machine_words(one["machine"]), []).append(one["row"])
    told = [f"{words}" + (f" ({', '.join(rows)})" if len(machines) > 1 else "") for words, rows in machines.items()]
    minutes = sum(one["settings"].get("minutes", 0) for one in known)
    parts = [HEAD.format(minutes=round(minutes)), "Measured on: " + "; ".join(told) + ".\n", *map(as_section, known)]
    PAGE.write_text("\n".join(parts))
