"""`file`: a file is there, new enough, large enough, and not open to more than it should be."""

import fnmatch
import grp
import os
import pwd
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, PrivateAttr, WithJsonSchema, model_validator

from opsbook.book.fields import BookPath
from opsbook.core.aside import Aside
from opsbook.probes.explain import explain
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError, ProbeUnknownError

_CLOCK_SKEW = 2.0
"""Seconds that a file server's clock may be ahead of ours."""

_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFSOCK: "socket",
    stat.S_IFIFO: "pipe",
    stat.S_IFBLK: "block device",
    stat.S_IFCHR: "character device",
}


def _mode(value: Any) -> int:
    text = str(value)
    if isinstance(value, bool) or len(text) not in (3, 4) or set(text) - set("01234567"):
        raise ValueError("not a file mode: write three or four octal digits, such as 0640")
    return int(text, 8)


Mode = Annotated[
    int,
    BeforeValidator(_mode),
    WithJsonSchema(
        {"type": ["string", "integer"], "pattern": "^[0-7]{3,4}$", "examples": ["0640"]}
    ),
]
"""Permission bits, written in octal as for chmod."""


class File(Probe):
    """Looks at a file, or at the newest of several: its size, age, mode and owner."""

    path: BookPath
    """The file; symbolic links are followed, and one that leads nowhere is missing. With
    `newest`, the file name may hold the wildcards *, ? and []."""
    newest: bool = False
    """Whether to look at the one changed last of all that match."""
    at_most_mode: Mode = _mode("7777")
    """The permissions it may give, such as 0640: less is as good, more is a breach."""

    measures: ClassVar[Mapping[str, str]] = {
        "count": "how many files match",
        "newest": "path of the one changed last, with the setting of that name",
        "size_bytes": "length of the content",
        "age_seconds": "time since the content was changed; absent if that lies in the future",
        "mode": "permission bits in octal, such as 0640",
        "mode_excess": "those of them that `at_most_mode` does not allow; 0000 is none",
        "owner": "name of the user it belongs to, or the number where there is no name",
        "group": "name of the group it belongs to, or the number where there is no name",
        "kind": "file, directory, socket, pipe, block device or character device",
    }
    expects: ClassVar[Mapping[str, Mapping[str, Any]]] = {"mode_excess": {"equals": "0000"}}

    _aside: Aside = PrivateAttr(default_factory=Aside)

    @property
    def subject(self) -> str:
        return str(self.path)

    @model_validator(mode="after")
    def _wildcards_in_the_name_only(self) -> Self:
        if self.newest and any(sign in str(self.path.parent) for sign in "*?["):
            raise ValueError("wildcards stand in the directory: they are for the file name only")
        if not self.newest and "*" in self.path.name:
            raise ValueError("a wildcard means many files: add `newest: true`")
        return self

    async def look(self) -> Measurements:
        return await self._aside.run(self._look)

    def _look(self) -> Measurements:
        try:
            return self._newest() if self.newest else self._measure(1, self.path.stat())
        except (FileNotFoundError, NotADirectoryError):
            raise ProbeFailedError(f"{self.path} is MISSING", {"count": 0}) from None
        except OSError as error:
            raise ProbeUnknownError(f"cannot look at {self.path}: {explain(error)}") from None

    def _newest(self) -> Measurements:
        """Raises FileNotFoundError if there is none."""
        count, newest = 0, None
        for found in _matching(self.path):
            count += 1
            newest = max(newest or found, found, key=lambda each: (each[1].st_mtime_ns, each[0]))
        if newest is None:
            raise FileNotFoundError(self.path)
        path, status = newest
        return self._measure(count, status) | {"newest": path}

    def _measure(self, count: int, status: os.stat_result) -> Measurements:
        mode = stat.S_IMODE(status.st_mode)
        measured: Measurements = {
            "count": count,
            "size_bytes": status.st_size,
            "mode": f"{mode:04o}",
            "mode_excess": f"{mode & ~self.at_most_mode:04o}",
            "owner": _user_name(status.st_uid),
            "group": _group_name(status.st_gid),
            "kind": _KINDS.get(stat.S_IFMT(status.st_mode), "unknown"),
        }
        age = time.time() - status.st_mtime
        if age >= -_CLOCK_SKEW:
            measured["age_seconds"] = max(0.0, age)
        return measured


def _matching(pattern: Path) -> Iterator[tuple[str, os.stat_result]]:
    """What matches, as a shell matches it; not links that lead nowhere. A directory that may
    not be read raises PermissionError, where a glob would say that it is empty."""
    with os.scandir(pattern.parent) as entries:
        for entry in entries:
            hidden = entry.name.startswith(".") and not pattern.name.startswith(".")
            if hidden or not fnmatch.fnmatchcase(entry.name, pattern.name):
                continue
            try:
                yield entry.path, entry.stat()
            except FileNotFoundError:
                continue


def _user_name(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
