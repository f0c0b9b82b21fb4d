"""Many calls at once, or at a constant rate, by threads that each send one call and time it."""
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import wire


def all_at_once(address, paths):
    """One call of each path, sent together on connections that stand already. In the order of the paths."""
    together = threading.Barrier(len(paths))

    def run(path):
        with wire.connect(address) as made:
            together.wait(60)
            return wire.call_on(made, path, expected=None)

    with ThreadPoolExecutor(len(paths)) as threads:
        return list(threads.map(run, paths))


def at_rate(address, paths, rate, callers=64):
    """Calls the paths one after another, so many a second, whether or not earlier ones were answered, while one of the
    `callers` is free: a call that had to wait for one would not be timed, and is told as a failure of the bench."""
    free = threading.Semaphore(callers)

    def run(path):
        try:
            return wire.call(address, path, expected=None)
        finally:
            free.release()

    with ThreadPoolExecutor(callers) as threads:
        begun = time.perf_counter()
        made = []
        for at, path in enumerate(paths):
            time.sleep(max(0.0, begun + at / rate - time.perf_counter()))
            if not free.acquire(blocking=False):
                raise RuntimeError(f"{callers} calls are unanswered at {rate:g}/s: it cannot keep up")
            made.append(threads.submit(run, path))
        return [one.result() for one in made]
