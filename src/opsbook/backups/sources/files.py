"""`files`: directories and files, with their modes, owners, links and holes."""

import io
import json
import os
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO, Self

from pydantic import Field, model_validator

from opsbook.backups.filetree.listing import Listing
from opsbook.backups.filetree.patterns import Patterns
from opsbook.backups.filetree.tarring import Tarring, packed
from opsbook.backups.filetree.untarring import Untarring, contents, members
from opsbook.backups.filetree.walk import Entry, Walk, entry_of, shown
from opsbook.backups.source import Facts, Part, Restored, Source, SourceError, Work
from opsbook.backups.tools.beside import beside, remove_tree, sweep_beside
from opsbook.backups.tools.flow import file_blocks, go_on
from opsbook.backups.tools.paths import Trees
from opsbook.backups.tools.sameness import content_of
from opsbook.book.fields import BookPath

_ARCHIVE = "files.tar"
_LISTING = "files.jsonl"
_MOST_NAMED = 10


class Files(Source):
    """Packs directories and files as tar, beside a list of each with its SHA-256.

    Symbolic links are kept as links. A file that changes while it is read is read again, once;
    what changed twice, vanished, is a socket or lies on another device is said.
    """

    paths: list[BookPath] = Field(min_length=1)
    """Directories and files; none of them below another."""
    exclude: list[str] = []
    """Left out: `*.pyc` at any depth, `cache/**` or `/logs` from the top of a path."""
    other_devices: bool = False
    """Whether to go on into what is mounted below."""

    @model_validator(mode="after")
    def _none_below_another(self) -> Self:
        for path in self.paths:
            if any(other != path and path.is_relative_to(other) for other in self.paths):
                raise ValueError(f"{path} is kept with a path above it already; name it once")
        if len(set(self.paths)) < len(self.paths):
            raise ValueError("a path is given twice; name it once")
        return self

    @property
    def subject(self) -> str:
        return ", ".join(map(str, self.paths))

    @contextmanager
    def parts(self, work: Work, facts: Facts) -> Iterator[Iterator[Part]]:
        listed = work.scratch / _LISTING
        try:
            yield self._packed(listed, work, facts)
        finally:
            listed.unlink(missing_ok=True)

    def _packed(self, listed: Path, work: Work, facts: Facts) -> Iterator[Part]:
        def pack() -> Iterator[bytes]:
            told: dict[str, list[str]] = defaultdict(list)
            with listed.open("w", encoding="ascii") as file:
                listing = Listing(file, owners=True)
                walk = self._walk(lambda why, path: _tell(told[why], path))
                done = 0
                for block in packed(
                    Tarring(walk, listing, lambda: go_on(work, self.subject)), self._entries(walk)
                ):
                    done += len(block)
                    work.progress("packing", done, None)
                    yield block
            facts.counts, facts.schema = listing.counts, listing.digest
            facts.remarks += [_remark(why, paths) for why, paths in sorted(told.items())]

        yield Part(_ARCHIVE, pack)
        yield Part(_LISTING, lambda: file_blocks(listed, work, self.subject))

    def _entries(self, walk: Walk) -> Iterator[Entry]:
        """Every path with the directories above it, so that it comes back where it was."""
        above: set[Path] = set()
        for path in sorted((path.resolve() for path in self.paths), key=lambda path: path.parts):
            for parent in reversed(path.parents[:-1]):
                if parent not in above:
                    above.add(parent)
                    with entry_of(parent, _name(parent)) as entry:
                        yield entry
            yield from walk.of(path, _name(path))

    def _walk(self, told: Callable[[str, str], None]) -> Walk:
        return Walk(Patterns(self.exclude), self.other_devices, told)

    def readable(self, name: str, content: BinaryIO, work: Work) -> None:
        if name == _LISTING:
            for _ in _lines(content, self.subject):
                go_on(work, self.subject)
            return
        try:
            for archive, member in members(content, work, self.subject):
                for _ in contents(archive, member) if member.isreg() else ():
                    go_on(work, self.subject)
        except tarfile.TarError as error:
            raise SourceError(f"{self.subject}: not a whole archive: {error}") from None

    @contextmanager
    def rehearse(
        self, files: Mapping[str, Callable[[], BinaryIO]], facts: Facts, work: Work
    ) -> Iterator[Restored]:
        place = Path(tempfile.mkdtemp(prefix="rehearsal-", dir=work.scratch))
        try:
            self._unpack(files, place, work)
            listing = self._compared(files, place, work)
            yield Restored(str(place), listing.counts, listing.digest, None)
        finally:
            remove_tree(place)

    def sweep(self) -> list[str]:
        """Nothing: a rehearsal leaves nothing outside the scratch directory of its work."""
        return []

    def restore(
        self,
        files: Mapping[str, Callable[[], BinaryIO]],
        facts: Facts,
        target: str,
        work: Work,
    ) -> str:
        place = Path(target).absolute()
        self._refuse_filled(place)
        swept, new = sweep_beside(place), beside(place)
        try:
            new.mkdir(mode=0o700)
            lost = self._unpack(files, new, work)
            self._compared(files, new, work)
            new.chmod(place.stat().st_mode if place.exists() else 0o755)
            # Fails where somebody has put something into it meanwhile.
            new.replace(place)
        except OSError as error:
            raise SourceError(f"{self.subject}: cannot make {place}: {error.strerror}") from None
        finally:
            remove_tree(new)
        told = f"; {lost} extended attributes not set" if lost else ""
        return f"directory {place}{told}{swept}"

    @property
    def places(self) -> Trees:
        return Trees(self.paths, lambda *_: None)

    def _refuse_filled(self, place: Path) -> None:
        if not place.parent.is_dir():
            raise SourceError(f"{self.subject}: not restored, there is no {place.parent}")
        if os.path.lexists(place) and (
            place.is_symlink() or not place.is_dir() or any(place.iterdir())
        ):
            raise SourceError(
                f"{self.subject}: not restored, {place} is there and not empty; name a new one"
            )

    def _unpack(self, files: Mapping[str, Callable[[], BinaryIO]], place: Path, work: Work) -> int:
        untarring = Untarring(place, self.subject, owners=_is_root())
        untarring.unpack(content_of(files, _ARCHIVE, self.subject), work)
        return untarring.attributes_lost

    def _compared(
        self, files: Mapping[str, Callable[[], BinaryIO]], place: Path, work: Work
    ) -> Listing:
        """What is there now, line by line the same as what was packed. Raises SourceError."""
        found = place.parent / f"{place.name}.jsonl"
        walk = Walk(Patterns([]), other_devices=True, told=lambda *_: None)
        try:
            with found.open("x", encoding="ascii") as file:
                listing = Listing(file, owners=_is_root())
                tarring = Tarring(walk, listing, lambda: go_on(work, self.subject))
                for _ in packed(tarring, walk.inside(place)):
                    pass
            with found.open("rb") as again:
                expected = _lines(content_of(files, _LISTING, self.subject), self.subject)
                self._differ(expected, _lines(again, self.subject))
        finally:
            found.unlink(missing_ok=True)
        return listing

    def _differ(self, expected: Iterator[dict[str, Any]], found: Iterator[dict[str, Any]]) -> None:
        for before, after in zip_longest(expected, found):
            if before and not _is_root():
                before = {key: before[key] for key in before if key not in ("uid", "gid")}
            if before != after:
                raise SourceError(
                    f"{self.subject}: came back different: {json.dumps(after)}, "
                    f"the backup had {json.dumps(before)}"
                )


def _lines(content: BinaryIO, subject: str) -> Iterator[dict[str, Any]]:
    """Raises SourceError where a line cannot be read."""
    for line in io.BufferedReader(_Raw(content)):
        try:
            yield json.loads(line)
        except ValueError:
            raise SourceError(f"{subject}: {_LISTING} has a line that is none of ours") from None


class _Raw(io.RawIOBase):
    """A stream that only reads, for the reader of lines."""

    def __init__(self, content: BinaryIO) -> None:
        self._content = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        block = self._content.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)


def _is_root() -> bool:
    """Who is not cannot give files to others: then owners are neither restored nor compared."""
    return os.geteuid() == 0


def _name(path: Path) -> str:
    return str(path).removeprefix("/")


def _tell(paths: list[str], path: str) -> None:
    """Count all, name the first."""
    paths.append(shown(path) if len(paths) < _MOST_NAMED else "")


def _remark(why: str, paths: list[str]) -> str:
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    return f"{why}: {', '.join(path for path in paths if path)}{more}"
