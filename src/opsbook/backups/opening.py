"""The files of a backup as they were before they were packed, held against the manifest."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import BinaryIO

from opsbook.backups.destination import Destination
from opsbook.backups.listing import prefix_of
from opsbook.backups.manifest import Manifest, ManifestFile
from opsbook.backups.packing import as_file, decompress, decrypt
from opsbook.backups.stream import ahead, ended
from opsbook.core.errors import OpsbookError
from opsbook.core.secrets import Secret

_BLOCK = 1 << 20


class DamagedError(OpsbookError):
    """A file is not what was written; the text says which and how."""


class NoIdentityError(OpsbookError):
    """It is encrypted, and the private key is not here."""


class Opened:
    """A backup at a destination, with the private key where it is encrypted."""

    def __init__(
        self, destination: Destination, manifest: Manifest, identity: Secret | None = None
    ) -> None:
        self.manifest = manifest
        self._destination = destination
        self._identity = identity
        self._prefix = prefix_of(manifest.set, manifest.id)

    @property
    def files(self) -> Mapping[str, Callable[[], BinaryIO]]:
        """Part → what opens it. Reading raises DamagedError, NoIdentityError, PackingError,
        DestinationError."""
        return {file.part: partial(self.content, file) for file in self.manifest.files}

    def check(self, file: ManifestFile, go_on: Callable[[int], None]) -> None:
        """Every byte as it is stored. Raises DamagedError and DestinationError."""
        done = 0
        for block in self.stored(file):
            done += len(block)
            go_on(done)

    def content(self, file: ManifestFile) -> BinaryIO:
        """Ends in an error where a byte of it is another than was backed up."""
        stream = as_file(self.stored(file))
        if file.encryption == "age":
            if self._identity is None:
                raise NoIdentityError(
                    f"{self._prefix}{file.name} is encrypted for "
                    f"{', '.join(self.manifest.recipients)} and there is no private key here; "
                    "give backups.identity in the book, or --identity"
                )
            stream = as_file(decrypt(stream, self._identity.reveal()))
        blocks = decompress(stream) if file.compression == "zstd" else _blocks(stream)
        where, what = f"{self._prefix}{file.name}", "bytes of content"
        held = _held(blocks, file.content_size, file.content_sha256, where, what)
        return as_file(ahead(held, "backup-unpack"))

    def stored(self, file: ManifestFile) -> Iterator[bytes]:
        """As it lies there; ends in an error where a byte is another than was written."""
        where = f"{self._prefix}{file.name} at {self._destination.subject}"
        try:
            stored = self._destination.open(self._prefix + file.name)
        except FileNotFoundError:
            raise DamagedError(f"{where} is missing") from None
        yield from _held(_blocks(stored), file.size, file.sha256, where, "stored bytes")


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    with closing(stream):
        while block := stream.read(_BLOCK):
            yield block


def _held(
    blocks: Iterator[bytes], size: int, sha256: str | None, where: str, what: str
) -> Iterator[bytes]:
    """The blocks; an error at their end where they are not those that were written. Without a
    SHA-256 something else has looked at each of them."""
    digest, seen = hashlib.sha256(), 0
    with ended(blocks):
        for block in blocks:
            if sha256 is not None:
                digest.update(block)
            seen += len(block)
            if seen > size:
                break
            yield block
    if seen != size:
        wrong = f"more than {size}" if seen > size else str(seen)
        raise DamagedError(f"{where}: {wrong} {what}, {size} were written")
    if sha256 is not None and digest.hexdigest() != sha256:
        raise DamagedError(f"{where}: the {what} are not what was written (SHA-256 differs)")
