"""Entries of a walk as a tar archive: POSIX pax headers, holes in GNU's sparse format 1.0.

https://www.gnu.org/software/tar/manual/html_node/PAX-1.html; GNU tar and bsdtar unpack it.
"""

import contextlib
import hashlib
import os
import stat
import tarfile
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field

from opsbook.backups.filetree.holes import Extent, extents, zeros
from opsbook.backups.filetree.listing import Listing
from opsbook.backups.filetree.walk import Entry, Walk, cannot_read
from opsbook.backups.tools.flow import BLOCK

XATTR = "SCHILY.xattr."
"""Before an extended attribute's name, as in star and GNU tar."""
END = bytes(1024)
_SECTOR = 512
_LARGEST_SPARSE = 8 * 1024**3
"""Bytes of data; beyond it readers disagree on what `size` means, and it is packed whole."""
_SPECIAL = {
    stat.S_IFSOCK: "socket",
    stat.S_IFIFO: "pipe",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


@dataclass(slots=True)
class Tarring:
    """Packs one walk; what it packed is in `listing`."""

    walk: Walk
    listing: Listing
    pulse: Callable[[], None]
    """Raises where the work is over."""
    _links: dict[tuple[int, int], str] = field(default_factory=dict)
    """Files with several names → the name they were packed under."""

    def pack(self, entry: Entry) -> Iterator[bytes]:
        """An entry as it stands in the archive. Raises SourceError."""
        mode = entry.status.st_mode
        if stat.S_ISDIR(mode):
            yield from self._plain(entry, tarfile.DIRTYPE)
        elif stat.S_ISLNK(mode):
            yield from self._symlink(entry)
        elif stat.S_ISREG(mode):
            yield from self._file(entry)
        else:
            what = _SPECIAL.get(stat.S_IFMT(mode), "special file")
            self.walk.told(f"skipped, for it is a {what}", entry.path)

    def _plain(self, entry: Entry, kind: bytes, target: str = "") -> Iterator[bytes]:
        yield _header(entry, entry.status, kind, 0, target, _attributes(entry))
        self.listing.add(entry.path, entry.status, target=target)

    def _symlink(self, entry: Entry) -> Iterator[bytes]:
        try:
            target = entry.target()
        except OSError:
            self.walk.told("vanished", entry.path)
            return
        yield from self._plain(entry, tarfile.SYMTYPE, target)

    def _file(self, entry: Entry) -> Iterator[bytes]:
        identity = (entry.status.st_dev, entry.status.st_ino)
        if entry.status.st_nlink > 1 and identity in self._links:
            first = self._links[identity]
            yield _header(entry, entry.status, tarfile.LNKTYPE, 0, first, {})
            self.listing.link(entry.path, first)
            return
        if (yield from self._twice(entry)) and entry.status.st_nlink > 1:
            self._links[identity] = entry.path

    def _twice(self, entry: Entry) -> Generator[bytes, None, bool]:
        """Packed again where it changed meanwhile: the later one counts; whether it is there."""
        for attempt in (1, 2):
            try:
                descriptor = entry.open()
            except FileNotFoundError:
                if attempt == 1:
                    self.walk.told("vanished", entry.path)
                    return False
                break
            except OSError as error:
                raise cannot_read(entry.path, error) from None
            try:
                before = os.fstat(descriptor)
                sha256 = yield from self._content(entry, descriptor, before)
                changed = _state(os.fstat(descriptor)) != _state(before)
            except OSError as error:
                raise cannot_read(entry.path, error) from None
            finally:
                os.close(descriptor)
            if not changed:
                break
        if changed:
            self.walk.told("changed while it was read, twice", entry.path)
        self.listing.add(entry.path, before, sha256=sha256)
        return True

    def _content(
        self, entry: Entry, descriptor: int, status: os.stat_result
    ) -> Generator[bytes, None, str]:
        """Header and data; the SHA-256 of the content, holes included."""
        found = extents(descriptor, status)
        attributes = _attributes(entry)
        if found is None or sum(length for _, length in found) >= _LARGEST_SPARSE:
            yield _header(entry, status, tarfile.REGTYPE, status.st_size, "", attributes)
            stored, kept = status.st_size, [(0, status.st_size)]
        else:
            table = _table(found)
            stored, kept = len(table) + sum(length for _, length in found), found
            sparse = {
                "GNU.sparse.major": "1",
                "GNU.sparse.minor": "0",
                "GNU.sparse.name": entry.path,
                "GNU.sparse.realsize": str(status.st_size),
            }
            yield _header(entry, status, tarfile.REGTYPE, stored, "", attributes | sparse)
            yield table
        digest = hashlib.sha256()
        position = 0
        for offset, length in kept:
            for hole in zeros(offset - position):
                self.pulse()
                digest.update(hole)
            for block in _exactly(descriptor, offset, length):
                digest.update(block)
                yield block
            position = offset + length
        for hole in zeros(status.st_size - position):
            self.pulse()
            digest.update(hole)
        yield bytes(-stored % _SECTOR)
        return digest.hexdigest()


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _exactly(descriptor: int, offset: int, length: int) -> Iterator[bytes]:
    """As many bytes as the header has promised: zeros for those that are gone by now."""
    while length > 0:
        block = os.pread(descriptor, min(BLOCK, length), offset)
        if not block:
            yield from zeros(length)
            return
        yield block
        offset, length = offset + len(block), length - len(block)


def _table(found: list[Extent]) -> bytes:
    numbers = [len(found), *(number for extent in found for number in extent)]
    text = b"".join(b"%d\n" % number for number in numbers)
    return text + bytes(-len(text) % _SECTOR)


def _header(
    entry: Entry,
    status: os.stat_result,
    kind: bytes,
    size: int,
    target: str,
    more: dict[str, str],
) -> bytes:
    info = tarfile.TarInfo(entry.path)
    info.type, info.size, info.linkname = kind, size, target
    info.mode = stat.S_IMODE(status.st_mode)
    info.uid, info.gid = status.st_uid, status.st_gid
    seconds, nanoseconds = divmod(status.st_mtime_ns, 1_000_000_000)
    info.mtime = seconds
    info.pax_headers = {"mtime": f"{seconds}.{nanoseconds:09}", **more}
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def _attributes(entry: Entry) -> dict[str, str]:
    """Extended attributes, access lists among them; links have none that we could read."""
    if stat.S_ISLNK(entry.status.st_mode):
        return {}
    found: dict[str, str] = {}
    # Linux knows a directory's descriptor and a name only for other calls: /proc joins them.
    place = f"/proc/self/fd/{entry.directory}/{entry.name}"
    with contextlib.suppress(OSError):
        for name in os.listxattr(place, follow_symlinks=False):
            value = os.getxattr(place, name, follow_symlinks=False)
            found[XATTR + name] = value.decode("utf-8", "surrogateescape")
    return found


def packed(tarring: Tarring, entries: Iterable[Entry]) -> Iterator[bytes]:
    """A whole archive in blocks of about a mebibyte. Raises SourceError."""
    waiting = bytearray()
    for entry in entries:
        for block in tarring.pack(entry):
            waiting += block
            if len(waiting) >= BLOCK:
                tarring.pulse()
                yield bytes(waiting)
                waiting.clear()
    yield bytes(waiting) + END
