"""What a runtime cannot by its nature, and why; and a handler that it does not find."""

COMPILED = {"load": "what does not load does not compile"}

TABLE = {"go": COMPILED, "cpp": COMPILED, "rust": COMPILED}

WRONG_HANDLER = {"python": "handler.py:nowhere", "node": "handler.mjs:nowhere"}
