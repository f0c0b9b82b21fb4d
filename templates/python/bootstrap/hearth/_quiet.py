"""Whether anything of the function's own still runs while no call does: hearthd asks before it freezes the replica."""

import asyncio
import os
import sys
import threading

from hearth.response import Answer

_PATH = "/.hearth/quiet"
_IN_A_POOL = os.path.join("concurrent", "futures", "thread.py")


def asked(head):
    """No client can ask: the gateway takes the field away."""
    return head.path == _PATH and "hearth-ask" in head.headers


def answer(server):
    """204, or 409 and a word of what still runs."""
    why = _stirring(server)
    if why is None:
        return Answer(204, b"", b"")
    return Answer(409, b"content-type: text/plain\r\n", why.encode())


def _stirring(server):
    if server.busy:
        return "a call"
    if any(task is not server.task and not task.done() for task in asyncio.all_tasks(server.loop)):
        return "a background task"
    if any(not handle.cancelled() for handle in getattr(server.loop, "_scheduled", ())):
        return "a timer"
    if _streams(server):
        return "an open stream"
    if any(not server.workers.owns(thread) and not _waits_in_a_pool(thread) for thread in threading.enumerate()):
        return "a thread"
    if _has_children():
        return "a child process"
    return None


def _streams(server):
    """What the event loop watches beside our listener, our connections and its own waker."""
    selector, waker = getattr(server.loop, "_selector", None), getattr(server.loop, "_ssock", None)
    if selector is None or waker is None:
        return False  # a loop of the function's own, which does not tell
    return set(selector.get_map()) - server.descriptors() - {waker.fileno()}


def _waits_in_a_pool(thread):
    """A thread of an executor (asyncio.to_thread has one) that waits for work: it is in no function but the pool's own."""
    frame = sys._current_frames().get(thread.ident)
    return frame is not None and frame.f_code.co_filename.endswith(_IN_A_POOL) and frame.f_code.co_name == "_worker"


def _has_children():
    """Ours, and orphans of ours, which go to the container's init."""
    parents = {os.getpid()} | ({1} if os.getppid() == 1 else set())
    return any(_parent_of(pid) in parents for pid in os.listdir("/proc") if pid.isdigit() and int(pid) != os.getpid())


def _parent_of(pid):
    """None where it has just ended, or has and nobody has asked how."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            state, parent = file.read().rpartition(b")")[2].split()[:2]
    except OSError:
        return None
    return None if state == b"Z" else int(parent)
