"""Compiles a package's own files to what a cell finds beside them. Runs in the function's image, over /function, and runs none of it."""

import contextlib
import importlib.util
import os
import py_compile
import sys

UNCHECKED = py_compile.PycInvalidationMode.UNCHECKED_HASH  # a copy's files stay as they are


def main(package, results):
    for folder, folders, files in os.walk(package):
        folders[:] = [name for name in folders if not name.startswith(".")]  # dependencies were compiled where they were installed
        for source in (os.path.join(folder, name) for name in files if name.endswith(".py")):
            with contextlib.suppress(py_compile.PyCompileError, OSError, ValueError, RecursionError):  # told where it is loaded
                py_compile.compile(source, results + importlib.util.cache_from_source(source), doraise=True,
                                   invalidation_mode=UNCHECKED)


if __name__ == "__main__":
    main(*sys.argv[1:])
