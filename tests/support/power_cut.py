"""What a power cut leaves of a folder: what was synced, and of the rest as much as chance will have it.

A file has what its last sync found, with any of the writes since, whole or torn at a sector; a folder has the names that
it had at its last sync, and the first so many of the changes since, as a journal keeps them in order.
"""

import os
import random
import struct
from pathlib import Path

SECTOR = 512
RECORD = struct.Struct("<cIQI")


def run_by(library, folder, log):
    """Words before a program, for Hearthd(run_by=…)."""
    return ("env", f"LD_PRELOAD={library}", f"HEARTH_POWER_FOLDER={folder}", f"HEARTH_POWER_LOG={log}")


class File:
    def __init__(self, content=b""):
        self.durable = bytearray(content)
        self.since = []  # writes and cuts after the last sync

    def sync(self):
        for change in self.since:
            self.apply(self.durable, change)
        self.since = []

    def after_a_cut(self, chance):
        content = bytearray(self.durable)
        for kind, at, data in self.since:
            if chance.random() < 0.5:
                continue
            if kind == "W" and chance.random() < 0.3:
                data = data[:chance.randrange(0, len(data) + 1) // SECTOR * SECTOR]
            self.apply(content, (kind, at, data))
        return bytes(content)

    @staticmethod
    def apply(content, change):
        kind, at, data = change
        if kind == "T":
            del content[at:]
            content.extend(bytes(at - len(content)))
            return
        if len(content) < at:
            content.extend(bytes(at - len(content)))
        content[at:at + len(data)] = data


class Folder:
    """A folder from a moment at which all of it was on disk."""

    def __init__(self, path):
        self.path = Path(path)
        self.names = {}      # durable: path → File
        self.now = {}        # as the process sees it
        self.changes = {}    # since the folder's last sync, by folder: (path, File or None)
        self.files = {}      # by number
        for file in self.path.rglob("*"):
            if file.is_file() and not file.is_symlink():
                self.names[str(file)] = File(file.read_bytes())
        self.now = dict(self.names)

    def read(self, log):
        bytes_ = Path(log).read_bytes()
        at = 0
        while at + RECORD.size <= len(bytes_):
            kind, number, offset, count = RECORD.unpack_from(bytes_, at)
            at += RECORD.size
            if at + count > len(bytes_):
                break
            self.replay(kind.decode(), number, offset, bytes_[at:at + count])
            at += count

    def replay(self, kind, number, offset, data):
        if kind == "O":
            path = data.decode()
            if path not in self.now:
                self.change(path, File())
            self.files[number] = self.now[path]
        elif kind in "WT":
            self.files[number].since.append((kind, offset, data))
        elif kind == "S":
            self.files[number].sync()
        elif kind == "D":
            for path, file in self.changes.pop(data.decode().rstrip("/"), []):
                self.settle(path, file)
        elif kind == "R":
            before, after = data.decode().split("\0")
            file = self.now.get(before)
            if file is not None:
                self.change(before, None)
                self.change(after, file)
        elif kind == "U":
            self.change(data.decode(), None)

    def change(self, path, file):
        self.now.pop(path, None) if file is None else self.now.__setitem__(path, file)
        self.changes.setdefault(os.path.dirname(path), []).append((path, file))

    def settle(self, path, file):
        self.names.pop(path, None) if file is None else self.names.__setitem__(path, file)

    def cut(self, seed):
        """Makes the real folder what is left; files that nobody wrote down stay as they are."""
        chance = random.Random(seed)
        known = set(self.names) | set(self.now) | {path for all_ in self.changes.values() for path, _ in all_}
        for changes in self.changes.values():
            for path, file in changes[:chance.randrange(0, len(changes) + 1)]:
                self.settle(path, file)
        for path in known:
            if path.endswith("-shm"):  # memory, not disk
                Path(path).unlink(missing_ok=True)
            elif path in self.names:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                Path(path).write_bytes(self.names[path].after_a_cut(chance))
            else:
                Path(path).unlink(missing_ok=True)
