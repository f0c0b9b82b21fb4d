"""What a handler is told of its call besides the request."""

import os
import time

class Context:
    """call_id, function, namespace, revision, traceparent; deadline (time.monotonic()), remaining() and cancelled."""

    def __init__(self, call_id="", *, timeout=30.0, traceparent="", function=None, namespace=None, revision=None):
        self.call_id = call_id
        self.deadline = time.monotonic() + timeout
        self.traceparent = traceparent
        self.function = function if function is not None else os.environ.get("HEARTH_FUNCTION", "")
        self.namespace = namespace if namespace is not None else os.environ.get("HEARTH_NAMESPACE", "default")
        self.revision = revision if revision is not None else _own_revision()
        self.cancelled = False  # true once whoever called has left: nobody will read the answer

    def remaining(self):
        """Seconds left until the deadline; never below 0."""
        return max(0.0, self.deadline - time.monotonic())

    @property
    def logger(self):
        """A logger of the standard library; its lines belong to this call."""
        return _logger()

    def __repr__(self):
        return f"Context({self.call_id!r})"


def _own_revision():
    told = os.environ.get("HEARTH_REVISION", "0")
    return int(told) if told.isdecimal() else 0


def _logger():
    import logging
    import sys

    logger = logging.getLogger("function")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
    return logger
