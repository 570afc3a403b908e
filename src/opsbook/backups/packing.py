"""Compression with zstd and encryption with age, both ways, as streams.

Formats: RFC 8878 with content checksums; age-encryption.org/v1.
"""

import io
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, BinaryIO, cast

import pyrage  # type: ignore[import-untyped]
import zstandard

from opsbook.backups.stream import BlockReader, Write, ended, pushed
from opsbook.core.errors import OpsbookError

_THREADS = 2
"""Of one compressor: more cores than that belong to the platform that is backed up."""
_WINDOW = 128 << 20
"""Bytes that a decompressor may take for its window."""


class PackingError(OpsbookError):
    """What was stored cannot be decrypted or decompressed."""


def compress(blocks: Iterator[bytes], level: int) -> Iterator[bytes]:
    """One frame with a checksum."""
    packer = zstandard.ZstdCompressor(level, threads=_THREADS, write_checksum=True).compressobj()
    with ended(blocks):
        for block in blocks:
            if packed := packer.compress(block):
                yield packed
        yield packer.flush()


def decompress(stream: BinaryIO) -> Iterator[bytes]:
    """Raises PackingError, also for a frame that was cut off."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
    try:
        with closing(stream):
            while block := stream.read(1 << 18):
                if unpacked := unpacker.decompress(block):
                    yield unpacked
    except zstandard.ZstdError as error:
        raise PackingError(f"cannot be decompressed: {error}") from None
    if not unpacker.eof or unpacker.unused_data:
        raise PackingError("cannot be decompressed: it is not one whole frame of zstd")


def encrypt(blocks: Iterator[bytes], recipients: Iterable[str]) -> Iterator[bytes]:
    """For any of the recipients; their public keys are enough."""
    keys: list[Any] = [pyrage.x25519.Recipient.from_str(each) for each in recipients]

    def produce(write: Write) -> None:
        source, sink = _Read(blocks), _Sink(write)
        try:
            with ended(blocks):
                pyrage.encrypt_io(cast("Any", source), cast("Any", sink), keys)
        except (pyrage.EncryptError, OSError) as error:
            raise source.error or sink.error or PackingError(f"cannot encrypt: {error}") from None

    return pushed(produce, "age")


def decrypt(stream: BinaryIO, identity: str) -> Iterator[bytes]:
    """Raises PackingError for another key, and for what was changed or cut off."""
    try:
        key: Any = pyrage.x25519.Identity.from_str(identity.strip())
    except pyrage.IdentityError:
        raise PackingError("the private key is none of age: it begins AGE-SECRET-KEY-1") from None

    def produce(write: Write) -> None:
        source, sink = _Read(iter(lambda: stream.read(1 << 18), b"")), _Sink(write)
        try:
            with closing(stream):
                pyrage.decrypt_io(cast("Any", source), cast("Any", sink), [key])
        except (pyrage.DecryptError, OSError) as error:
            raise source.error or sink.error or PackingError(f"cannot decrypt: {error}") from None

    return pushed(produce, "age")


def as_file(blocks: Iterator[bytes]) -> BinaryIO:
    """Blocks as a file that is read once."""
    return cast("BinaryIO", io.BufferedReader(BlockReader(blocks), 1 << 20))


class _Read:
    """What age reads from. It hides the errors of others, so they are kept here."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.error: BaseException | None = None
        self._file = BlockReader(blocks)

    def read(self, size: int) -> bytes:
        try:
            return self._file.read(size) or b""
        except BaseException as error:
            self.error = error
            raise


class _Sink:
    """What age writes to."""

    def __init__(self, write: Write) -> None:
        self.error: BaseException | None = None
        self._write = write

    def write(self, block: bytes) -> int:
        try:
            return self._write(block)
        except BaseException as error:
            self.error = error
            raise

    def flush(self) -> None:
        """`pushed` does so at the end."""
