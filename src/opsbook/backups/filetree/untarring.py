"""An archive unpacked into a new directory, nothing outside of it touched.

Python's own filter `data` would drop owners, setuid and the rights of others, and know no
extended attributes; here every entry must lie in the directory that was unpacked before it,
which is kept open, so that neither `..` nor a link can lead elsewhere.
"""

import contextlib
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, cast

from opsbook.backups.filetree.holes import Extent
from opsbook.backups.filetree.tarring import END, XATTR
from opsbook.backups.filetree.walk import shown
from opsbook.backups.source import SourceError, Work
from opsbook.backups.tools.flow import BLOCK, go_on

_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


_AT_ONCE = 64 * 1024
"""Bytes: tarfile copies what is left of them at each header."""

Member = tuple[tarfile.TarFile, tarfile.TarInfo]


@dataclass(slots=True)
class _Level:
    path: str
    descriptor: int
    member: tarfile.TarInfo | None
    """What the directory is to be once all is in it; None for the top."""


class _Counted:
    """How much of a stream was read: an archive cut off between two entries looks whole."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content
        self.size = 0

    def read(self, size: int) -> bytes:
        block = self._content.read(size)
        self.size += len(block)
        return block


def members(
    content: BinaryIO, work: Work, subject: str
) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Entry by entry, in the memory of one. Raises SourceError where it has no proper end."""
    counted = _Counted(content)
    try:
        with tarfile.open(
            fileobj=cast("BinaryIO", counted),
            mode="r|",
            bufsize=_AT_ONCE,
            encoding="utf-8",
            errors="surrogateescape",
        ) as archive:
            while (member := archive.next()) is not None:
                go_on(work, subject)
                yield archive, member
                _forget(archive)
    except (tarfile.TarError, EOFError, LookupError, ValueError) as error:
        raise SourceError(f"{subject}: not a whole archive: {error}") from None
    while counted.read(BLOCK):
        go_on(work, subject)
    if counted.size != archive.offset + len(END):
        raise SourceError(f"{subject}: the archive does not come to its end")


def _forget(archive: Any) -> None:
    """tarfile keeps every entry that it has seen: a million of them are a gigabyte."""
    archive.members.clear()


def contents(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Iterator[tuple[int, bytes]]:
    """The data of a file, each block with its offset; holes are left out."""
    # Its buffer would ask the stream whether it can seek; what is below seeks forward only.
    source: Any = cast("BufferedReader", archive.extractfile(member)).raw
    spans = [(0, member.size)] if member.sparse is None else cast("list[Extent]", member.sparse)
    for offset, length in spans:
        source.seek(offset)
        end = offset + length
        while offset < end:
            block = source.read(min(BLOCK, end - offset))
            if not block:
                raise tarfile.ReadError(f"{shown(member.name)} ends before its size")
            yield offset, block
            offset += len(block)


class Untarring:
    """Unpacks into `root`, an empty directory that is ours."""

    def __init__(self, root: Path, subject: str, *, owners: bool) -> None:
        self._subject = subject
        self._owners = owners
        self._root = root
        self._levels: list[_Level] = []
        self.attributes_lost = 0
        """Extended attributes that the file system or our rights did not let us set."""

    def unpack(self, content: BinaryIO, work: Work) -> None:
        """Raises SourceError."""
        top = os.open(self._root, _DIRECTORY)
        self._levels = [_Level("", top, None)]
        try:
            for archive, member in members(content, work, self._subject):
                self._place(archive, member, work)
            self._leave("")
        except OSError as error:
            raise SourceError(
                f"{self._subject}: cannot unpack into {self._root}: {error.strerror or error}"
            ) from None
        finally:
            for level in self._levels:
                os.close(level.descriptor)

    def _place(self, archive: tarfile.TarFile, member: tarfile.TarInfo, work: Work) -> None:
        directory, name = self._where(member)
        if member.isdir():
            self._enter(member, directory, name)
        elif member.issym():
            os.symlink(member.linkname, name, dir_fd=directory)
            self._own(member, directory, name)
        elif member.islnk():
            self._link(member, directory, name)
        elif member.isreg():
            self._file(archive, member, directory, name, work)
        else:
            raise self._refused(member, "is neither file nor directory nor link")

    def _where(self, member: tarfile.TarInfo) -> tuple[int, str]:
        parent, _, name = member.name.rpartition("/")
        if name in ("", ".", "..") or "\0" in name:
            raise self._refused(member, "has a name that no file can have")
        self._leave(parent)
        if self._levels[-1].path != parent:
            raise self._refused(member, "lies in no directory that came before it")
        return self._levels[-1].descriptor, name

    def _enter(self, member: tarfile.TarInfo, directory: int, name: str) -> None:
        os.mkdir(name, 0o700, dir_fd=directory)
        descriptor = os.open(name, _DIRECTORY, dir_fd=directory)
        self._levels.append(_Level(member.name, descriptor, member))

    def _leave(self, path: str) -> None:
        """Finish the directories that `path` is not below: what is put in changes their time."""
        while self._levels[-1].path != path and not path.startswith(f"{self._levels[-1].path}/"):
            level = self._levels[-1]
            if level.member is None:
                return
            self._finish(level.member, level.descriptor)
            self._levels.pop()
            os.close(level.descriptor)

    def _file(
        self,
        archive: tarfile.TarFile,
        member: tarfile.TarInfo,
        directory: int,
        name: str,
        work: Work,
    ) -> None:
        descriptor = os.open(name, _NEW, 0o600, dir_fd=directory)
        try:
            for offset, block in contents(archive, member):
                go_on(work, self._subject)
                done = 0
                while done < len(block):
                    done += os.pwrite(descriptor, memoryview(block)[done:], offset + done)
            os.truncate(descriptor, member.size)
            self._finish(member, descriptor)
        finally:
            os.close(descriptor)

    def _link(self, member: tarfile.TarInfo, directory: int, name: str) -> None:
        """To a file unpacked before; its path is walked as strictly as that of an entry."""
        *parents, last = member.linkname.split("/")
        with contextlib.ExitStack() as stack:
            place = self._levels[0].descriptor
            for each in parents:
                if each in ("", ".", ".."):
                    raise self._refused(member, "is a link to outside")
                place = os.open(each, _DIRECTORY, dir_fd=place)
                stack.callback(os.close, place)
            os.link(last, name, src_dir_fd=place, dst_dir_fd=directory, follow_symlinks=False)

    def _finish(self, member: tarfile.TarInfo, descriptor: int) -> None:
        """Owner before mode: a change of owner takes setuid away. Attributes before time."""
        if self._owners:
            os.chown(descriptor, member.uid, member.gid)
        os.chmod(descriptor, stat.S_IMODE(member.mode))
        for name, value in member.pax_headers.items():
            if name.startswith(XATTR):
                self._attribute(descriptor, name.removeprefix(XATTR), value)
        os.utime(descriptor, ns=(_mtime(member), _mtime(member)))

    def _attribute(self, descriptor: int, name: str, value: str) -> None:
        try:
            os.setxattr(descriptor, name, value.encode("utf-8", "surrogateescape"))
        except OSError:
            self.attributes_lost += 1

    def _own(self, member: tarfile.TarInfo, directory: int, name: str) -> None:
        if self._owners:
            os.chown(name, member.uid, member.gid, dir_fd=directory, follow_symlinks=False)
        times = (_mtime(member), _mtime(member))
        os.utime(name, ns=times, dir_fd=directory, follow_symlinks=False)

    def _refused(self, member: tarfile.TarInfo, why: str) -> SourceError:
        return SourceError(f"{self._subject}: {shown(member.name)} {why}; it was not unpacked")


def _mtime(member: tarfile.TarInfo) -> int:
    """Nanoseconds: the header's text has them all, a float would not."""
    seconds, _, fraction = member.pax_headers.get("mtime", str(int(member.mtime))).partition(".")
    return int(seconds) * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))
