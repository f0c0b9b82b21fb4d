"""Steady load by real HTTP clients, half of them on kept connections, of which no call may fail."""

import http.client
import threading
import time


class Steady:
    """Calls `url` from `clients` threads, `rate` times a second each, until told to end. A kept connection that the
    server announced to close is opened anew; one that breaks is a failed call."""

    def __init__(self, urls, clients=6, rate=40, kept=True):
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.calls = 0
        self.failed = []
        self.bodies = {}  # what was answered, how often
        self._pause = 1 / rate
        self._threads = [threading.Thread(target=self._run, args=(urls[i % len(urls)], kept and i % 4 < 2), daemon=True)
                         for i in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, url, keeps):
        _, _, host, path = url.split("/", 3)
        connection = None
        while not self._ended.is_set():
            connection = connection or http.client.HTTPConnection(host, timeout=60)
            begun = time.monotonic()
            try:
                connection.request("GET", "/" + path, headers={} if keeps else {"Connection": "close"})
                answer = connection.getresponse()
                status, text = answer.status, answer.read().decode(errors="replace")
                kept = keeps and not answer.will_close
            except (OSError, http.client.HTTPException) as error:
                status, text, kept = 0, repr(error), False
            with self._lock:
                self.calls += 1
                if status != 200:
                    self.failed.append((url, "kept" if keeps else "fresh", status, text[:300]))
                else:
                    self.bodies[text] = self.bodies.get(text, 0) + 1
            if not kept:
                connection.close()
                connection = None
            self._ended.wait(max(0.0, self._pause - (time.monotonic() - begun)))
        if connection:
            connection.close()

    def count(self):
        with self._lock:
            return self.calls

    def seen(self, body):
        with self._lock:
            return self.bodies.get(body, 0)

    def end(self):
        self._ended.set()
        for thread in self._threads:
            thread.join(70)
        return self
