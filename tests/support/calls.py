"""Calls of functions over real HTTP, as little between the test and the bytes as can be."""

import http.client
import json
import threading
import time


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def text(self):
        return self.body.decode(errors="replace")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.text[:300]!r}"


def call(url, method="GET", body=None, headers=None, timeout=60):
    """One call on a connection of its own; `url` is http://HOST:PORT/PATH."""
    _, _, host, path = url.split("/", 3)
    connection = http.client.HTTPConnection(host, timeout=timeout)
    try:
        connection.request(method, "/" + path, body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


class Load:
    """Threads that call until told to end; every answer is kept, refused connections too (status 0)."""

    def __init__(self, url, threads=4, **options):
        self._url = url
        self._options = options
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self.answers = []  # (when it came, status, text)
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        while not self._ended.is_set():
            try:
                answer = call(self._url, **self._options)
                status, text = answer.status, answer.text
            except (OSError, http.client.HTTPException) as error:
                status, text = 0, repr(error)
                self._ended.wait(0.005)
            with self._lock:
                self.answers.append((time.monotonic(), status, text))

    def count(self, status=200, since=0.0):
        with self._lock:
            return sum(1 for when, got, _ in self.answers if got == status and when >= since)

    def first(self, status, since):
        """When the first answer of that status came after `since`; nothing while none did."""
        with self._lock:
            return min((when for when, got, _ in self.answers if got == status and when >= since), default=None)

    def statuses(self):
        with self._lock:
            return sorted({status for _, status, _ in self.answers})

    def end(self):
        self._ended.set()
        for thread in self._threads:
            thread.join(70)
        return self.answers
