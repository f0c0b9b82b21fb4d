"""What a runtime cannot by its nature, and why; and a handler that it does not find."""

COMPILED = {"load": "what does not load does not compile"}
FILES = "it serves files and runs no handler"

TABLE = {
    "go": COMPILED,
    "cpp": COMPILED,
    "rust": {**COMPILED, "quiet": "its tasks cannot be counted"},
    "shell": {"crash": "a process that ends is one call's failure, not the replica's"},
    "static": dict.fromkeys(("echo", "request", "status", "cookies", "json", "empty", "held", "size", "stream-in", "big",
                             "concurrency", "cancel", "params", "context", "log", "raise", "late", "env", "tmp", "load", "child", "crash"), FILES),
}

# Where what the language's own library prints is in the log, but of no call; the page of each says what prints for one.
PLAIN_PRINTS = {"go": "a goroutine does not say for whom it runs",
                "cpp": "stdio belongs to the process; std::cout is the call's",
                "rust": "the standard library's macros know of no call; hearth's do"}

WRONG_HANDLER = {"python": "handler.py:nowhere", "node": "handler.mjs:nowhere", "shell": "nowhere.sh"}
