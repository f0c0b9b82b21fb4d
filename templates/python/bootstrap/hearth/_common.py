"""What functions and what they build on import most, which a cell has imported before it is one."""

import importlib
import os
import sys

from hearth import _load

NAMES = ("copy", "csv", "ctypes", "dataclasses", "decimal", "email.message", "hashlib", "hmac", "http.client",
         "importlib.metadata", "mimetypes", "pathlib", "pickle", "platform", "secrets", "urllib.request", "uuid")


class Common:
    """Made by a cell before it waits."""

    def __init__(self):
        before = set(sys.modules)
        for name in NAMES:
            importlib.import_module(name)
        self._modules = set(sys.modules) - before
        self._tops = {name.partition(".")[0] for name in self._modules}

    def yield_to(self, folder):
        """Forgets all of them where the package has one of its own by such a name: it would have been the one imported."""
        if any(self._tops & _names_in(path) for path in (folder, os.path.join(folder, _load.PACKAGES))):
            for name in self._modules:
                sys.modules.pop(name, None)


def _names_in(folder):
    try:
        return {name.partition(".")[0] for name in os.listdir(folder)}
    except OSError:
        return set()
