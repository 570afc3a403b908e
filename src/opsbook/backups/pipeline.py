"""A backup from its source to its destinations: read once, never whole in memory.

read → zstd with its checksum → age → SHA-256 → every destination; the manifest last
"""

import hashlib
import socket
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import opsbook
from opsbook.backups.copies import Copies
from opsbook.backups.destination import Destination
from opsbook.backups.envelope import MANIFEST, render
from opsbook.backups.listing import prefix_of
from opsbook.backups.manifest import BYTES_THERE, Manifest, ManifestFile
from opsbook.backups.packing import compress, encrypt
from opsbook.backups.source import Facts, Part, Source, Work
from opsbook.backups.stream import ahead, ended
from opsbook.backups.tools.flow import go_on
from opsbook.core.clock import iso


@dataclass(frozen=True, slots=True)
class Wanted:
    """A backup to be made."""

    platform: str
    set: str
    id: str
    kind: str
    retention: str
    level: int
    recipients: tuple[str, ...]
    there: int | None = None
    """About how many bytes it takes where it lives."""


@dataclass(slots=True)
class Made:
    """What came of it."""

    manifest: Manifest | None = None
    """None where no destination has it."""
    errors: dict[str, str] = field(default_factory=dict)
    """Destination → why it is not there."""


class Pipeline:
    """Carries one backup. Blocks."""

    def __init__(
        self, wanted: Wanted, source: Source, destinations: Mapping[str, Destination], work: Work
    ) -> None:
        self._wanted = wanted
        self._source = source
        self._destinations = destinations
        self._work = work
        self._prefix = prefix_of(wanted.set, wanted.id)

    def make(self) -> Made:
        """What was written before a failure is left for `remove`.

        Raises SourceError where the source could not be read whole.
        """
        facts, files, began = Facts(), [], time.time()
        with Copies(self._destinations) as copies:
            with self._source.parts(self._work, facts) as parts:
                for part in parts:
                    files.append(self._part(part, copies))
                    if not copies.going:
                        return Made(None, copies.errors)
            manifest = self._manifest(facts, files, began)
            self._finish(manifest, copies)
            return Made(manifest if copies.going else None, copies.errors)

    def _part(self, part: Part, copies: Copies) -> ManifestFile:
        """Its bytes at every destination, on disk."""
        wanted = self._wanted
        ends = ("" if part.packed else ".zst") + (".age" if wanted.recipients else "")
        content, stored = _Tally(hashed=part.packed), _Tally()
        blocks = self._stages(part, content)
        with ended(blocks):
            copies.begin(self._prefix + part.name + ends)
            for block in blocks:
                go_on(self._work, self._source.subject)
                if not copies.going:
                    break
                stored.add(block)
                copies.write(block)
        copies.commit()
        return ManifestFile(
            name=part.name + ends,
            part=part.name,
            size=stored.size,
            sha256=stored.digest,
            content_size=content.size,
            content_sha256=content.digest if part.packed else None,
            compression="none" if part.packed else "zstd",
            encryption="age" if wanted.recipients else "none",
        )

    def _stages(self, part: Part, content: "_Tally") -> Iterator[bytes]:
        """Each runs in a thread of its own, ahead of the next."""
        blocks = ahead(content.counted(part.read()), "backup-read")
        if not part.packed:
            blocks = compress(blocks, self._wanted.level)
        if self._wanted.recipients:
            return encrypt(blocks, self._wanted.recipients)
        return ahead(blocks, "backup-pack")

    def _finish(self, manifest: Manifest, copies: Copies) -> None:
        """From its commit on the backup exists."""
        copies.begin(self._prefix + MANIFEST)
        copies.write(render(manifest))
        copies.commit()

    def _manifest(self, facts: Facts, files: list[ManifestFile], began: float) -> Manifest:
        wanted, moment = self._wanted, facts.consistent_at
        return Manifest(
            platform=wanted.platform,
            set=wanted.set,
            id=wanted.id,
            kind=wanted.kind,
            source=self._source.subject,
            retention=wanted.retention,
            host=socket.gethostname(),
            opsbook=opsbook.__version__,
            began_at=iso(began),
            ended_at=iso(time.time()),
            consistent_at=None if moment is None else iso(moment),
            versions=facts.versions,
            counts=facts.counts,
            schema_hash=facts.schema,
            recipients=list(wanted.recipients),
            remarks=facts.remarks,
            details=facts.details | {BYTES_THERE: wanted.there},
            files=files,
        )


class _Tally:
    """Bytes and their SHA-256, as they pass; only the bytes where they are not `hashed`."""

    def __init__(self, *, hashed: bool = True) -> None:
        self.size = 0
        self._hash, self._hashed = hashlib.sha256(), hashed

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def add(self, block: bytes) -> None:
        self.size += len(block)
        if self._hashed:
            self._hash.update(block)

    def counted(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        with ended(blocks):
            for block in blocks:
                self.add(block)
                yield block
