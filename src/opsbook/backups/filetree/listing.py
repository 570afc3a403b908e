"""What is in a tree, a line of JSON each: the proof that it came back as it was."""

import hashlib
import json
import os
import stat
from typing import IO, Any


class Listing:
    """Written while a tree is packed, and again when it was unpacked."""

    def __init__(self, file: IO[str], *, owners: bool) -> None:
        self._file = file
        self._owners = owners
        self._digest = hashlib.sha256()
        self.files = self.directories = self.symlinks = self.links = self.size = 0

    @property
    def counts(self) -> dict[str, int]:
        return {
            "files": self.files,
            "directories": self.directories,
            "symlinks": self.symlinks,
            "hard links": self.links,
            "bytes": self.size,
        }

    @property
    def digest(self) -> str:
        """The same for the same names, contents, links, modes and times, whoever owns them."""
        return self._digest.hexdigest()

    def add(self, path: str, status: os.stat_result, *, sha256: str = "", target: str = "") -> None:
        mode = status.st_mode
        line: dict[str, Any] = {"path": path, "mode": oct(mode), "mtime": status.st_mtime_ns}
        if stat.S_ISREG(mode):
            line |= {"size": status.st_size, "sha256": sha256}
            self.files += 1
            self.size += status.st_size
        elif stat.S_ISLNK(mode):
            line |= {"target": target}
            self.symlinks += 1
        else:
            self.directories += 1
        self._write(line, {"uid": status.st_uid, "gid": status.st_gid})

    def link(self, path: str, first: str) -> None:
        """One more name of a file."""
        self.links += 1
        self._write({"path": path, "same as": first}, {})

    def _write(self, line: dict[str, Any], owner: dict[str, int]) -> None:
        self._digest.update(json.dumps(line).encode())
        self._file.write(json.dumps(line | (owner if self._owners else {})) + "\n")
