"""Belady's rule: the fewest misses that any cache could have on a sequence."""
import heapq


def misses(sequence, room):
    """How often what is wanted is not among the `room` that are kept, when the one that is wanted last is given up."""
    never = len(sequence)
    following = [never] * len(sequence)  # where the same name is wanted next
    seen = {}
    for at in range(len(sequence) - 1, -1, -1):
        following[at] = seen.get(sequence[at], never)
        seen[sequence[at]] = at
    kept = {}  # name → where it is wanted next
    latest = []  # (-that, name), some out of date
    missed = 0
    for at, name in enumerate(sequence):
        if name not in kept:
            missed += 1
            if len(kept) >= room:
                give_up(kept, latest)
        kept[name] = following[at]
        heapq.heappush(latest, (-following[at], name))
    return missed


def give_up(kept, latest):
    while True:
        negated, name = heapq.heappop(latest)
        if kept.get(name) == -negated:
            del kept[name]
            return
