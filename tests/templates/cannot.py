"""What a runtime cannot by its nature, and why; and a handler that it does not find."""

TABLE = {}

WRONG_HANDLER = {"python": "handler.py:nowhere", "node": "handler.mjs:nowhere"}
