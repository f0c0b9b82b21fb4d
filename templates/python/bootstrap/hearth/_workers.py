"""Threads for plain handlers, so that one that waits never blocks another call."""

import os
import queue
import sys
import threading


class Workers:
    """At most `size` threads, made when first wanted. submit() and done() belong to the event loop's thread."""

    def __init__(self, size):
        self.size = size
        self._threads = 0
        self._own = {threading.main_thread()}
        self._busy = 0
        self._work = queue.SimpleQueue()

    def submit(self, function, argument):
        self._busy += 1
        if self._busy > self._threads and self._threads < self.size:
            self._start_thread()
        self._work.put((function, argument))

    def done(self):
        self._busy -= 1

    def owns(self, thread):
        """Whether it is one of these, or the event loop's."""
        return thread in self._own

    def _start_thread(self):
        try:
            thread = threading.Thread(target=self._run, name=f"call-{self._threads + 1}", daemon=True)
            thread.start()
        except RuntimeError as error:
            # limits.pids is lower than limits.concurrency: calls beyond it wait for a thread.
            print(f"only {self._threads} calls run at once, not {self.size}: {error}", file=sys.stderr)
            self.size = self._threads
            if not self._threads:
                os._exit(1)  # it could never answer
        else:
            self._threads += 1
            self._own.add(thread)

    def _run(self):
        while True:
            function, argument = self._work.get()
            function(argument)
            function = argument = None  # nothing of a finished call is kept alive
