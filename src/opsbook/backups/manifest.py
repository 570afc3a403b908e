"""The manifest: written last, and the only thing that makes a backup one."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

FORMAT = 1
BYTES_THERE = "bytes_there"
"""Among the details: what it takes where it lives, None where nobody knows."""


class ManifestFile(BaseModel):
    """One file as it lies in the destination."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    """Of the object, below the backup's own prefix."""
    part: str
    """The part it holds."""
    size: int
    """Bytes as stored."""
    sha256: str
    """Of the bytes as stored."""
    content_size: int
    """Bytes before compression and encryption."""
    content_sha256: str | None
    """None for what we compressed: its frame holds a checksum of the content, which is looked at
    when it is read (RFC 8878, 3.1.1)."""
    compression: Literal["none", "zstd"]
    """By us: `none` for what comes packed."""
    encryption: Literal["none", "age"]


class Manifest(BaseModel):
    """What a backup holds. Times are ISO 8601 in UTC."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = FORMAT
    platform: str
    set: str
    id: str
    """`YYYYMMDD-HHMMSS`, made unique."""
    kind: str
    """Of the source: `postgres`."""
    source: str
    """Its subject."""
    retention: str
    """`daily`, `full`, `archive` or what the book calls it."""
    host: str
    opsbook: str
    """The version that wrote it."""
    began_at: str
    ended_at: str
    consistent_at: str | None
    versions: dict[str, str]
    counts: dict[str, int]
    schema_hash: str | None
    recipients: list[str]
    """The public keys that it is encrypted for."""
    remarks: list[str]
    details: dict[str, Any]
    files: list[ManifestFile]

    @property
    def consistent_seconds(self) -> float | None:
        """The consistent point in time, in seconds since 1970."""
        moment = self.consistent_at
        return None if moment is None else datetime.fromisoformat(moment).timestamp()

    @property
    def made_seconds(self) -> float:
        """When it was complete, in seconds since 1970."""
        return datetime.fromisoformat(self.ended_at).timestamp()
