"""What was measured, and what is said of it: medians, percentiles, spreads, ratios to a floor, changes since last time.

A figure holds the samples of every round. Its floor is another figure of the same row, measured in the same rounds, so
their ratio is taken round by round: what else the machine did in a round falls on both.
"""
import math
import statistics
from dataclasses import dataclass, field

COUNTS = 0.15  # a change smaller than this part is none: the same build differs as much from itself


@dataclass
class Figure:
    case: str
    unit: str
    rounds: list              # a list of samples for each round
    floor: str = ""           # the case, in the same row, that it is held against
    goals: list = field(default_factory=list)  # [{"of": "median", "p99", "largest", "ratio" or "above floor", "most" or "least": bound}]
    better: str = "lower"     # or "higher", or "" for what is only told
    parts: dict = field(default_factory=dict)  # where the time went: medians of Server-Timing
    note: str = ""

    def samples(self):
        return [sample for one in self.rounds for sample in one]

    def median(self):
        return statistics.median(self.samples())

    def p99(self):
        return percentile(self.samples(), 99)

    def largest(self):
        return max(self.samples())

    def medians(self):
        """One a round; a round without samples has none."""
        return [statistics.median(one) if one else None for one in self.rounds]

    def spread(self):
        """The quartiles of the rounds' medians."""
        return quartiles([one for one in self.medians() if one is not None])


@dataclass
class Absent:
    """A case that could not be measured, and why."""
    case: str
    why: str


def percentile(samples, part):
    """By nearest rank: always a sample that there was."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(part / 100 * len(ordered)) - 1)]


def quartiles(values):
    if len(values) < 2:
        return (values[0], values[0])
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return (low, high)


def ratios(figure, floor):
    """A ratio for each round in which both were measured."""
    pairs = zip(figure.medians(), floor.medians())
    return [mine / its for mine, its in pairs if mine is not None and its]


def ratio(figure, floor):
    """(median, low quartile, high quartile) of the rounds' ratios; nothing where no round has both."""
    found = ratios(figure, floor)
    return (statistics.median(found), *quartiles(found)) if found else None


def floor_of(figure, figures):
    for other in figures:
        if figure.floor and isinstance(other, Figure) and other.case == figure.floor:
            return other
    return None


def value_of(figure, what, figures):
    """The statistic that a goal is about."""
    if what == "ratio":
        floor = floor_of(figure, figures)
        found = ratio(figure, floor) if floor else None
        return found[0] if found else None
    if what == "above floor":
        floor = floor_of(figure, figures)
        return figure.median() - floor.median() if floor else None
    return getattr(figure, what)()


def is_reached(figure, goal, figures):
    """True or false; nothing where it cannot be known."""
    value = value_of(figure, goal["of"], figures)
    if value is None:
        return None
    return value <= goal["most"] if "most" in goal else value >= goal["least"]


@dataclass
class Change:
    case: str
    of: str      # "ratio" where both have a floor, for that is what machines share; else "median"
    before: float
    now: float
    better: str
    within_spread: bool  # the quartiles of before and now overlap

    def part(self):
        return self.now / self.before - 1

    def is_regression(self):
        return self.part() > 0 if self.better == "lower" else self.part() < 0


def changes(before, now):
    """What differs by at least COUNTS between two lists of figures of one row, regressions first. A floor tells of the
    machine, not of us."""
    known = {one.case: one for one in before if isinstance(one, Figure)}
    floors = {one.floor for one in now if isinstance(one, Figure)}
    found = []
    for figure in now:
        old = known.get(figure.case)
        if isinstance(figure, Figure) and figure.better and figure.case not in floors and old:
            change = change_of(old, before, figure, now)
            # What moves by exactly that part counts, whatever the last bit of a double says.
            if change and abs(change.part()) >= COUNTS - 1e-9:
                found.append(change)
    return sorted(found, key=lambda change: (not change.is_regression(), -abs(change.part())))


def change_of(old, before, figure, now):
    floors = floor_of(old, before), floor_of(figure, now)
    if all(floors):
        was, what = ratio(old, floors[0]), "ratio"
        current = ratio(figure, floors[1])
    else:
        was, what = (old.median(), *old.spread()), "median"
        current = (figure.median(), *figure.spread())
    if not was or not current or not was[0]:
        return None
    overlap = was[1] <= current[2] and current[1] <= was[2]
    return Change(figure.case, what, was[0], current[0], figure.better, overlap)
