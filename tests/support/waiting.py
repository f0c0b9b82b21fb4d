"""Waiting for what must come, with a deadline; never sleeping for luck."""

import socket
import time


def wait_for(what, look, seconds=20, between=0.02):
    """Looks until `look()` is true and returns that; fails after `seconds`, saying what did not come."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() >= deadline:
            seen = "" if found is None or found is False else f"; last seen: {found!r}"
            raise AssertionError(f"not within {seconds} s: {what}{seen}")
        time.sleep(between)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
