"""Whether what came back is what was backed up."""

from collections.abc import Callable, Mapping
from typing import BinaryIO

from opsbook.backups.source import Facts, SourceError

_MOST_TOLD = 5


def content_of(files: Mapping[str, Callable[[], BinaryIO]], name: str, subject: str) -> BinaryIO:
    """A file of a backup. Raises SourceError where the backup has none of that name."""
    if name not in files:
        raise SourceError(f"{subject}: the backup has no {name}")
    return files[name]()


def compare(subject: str, facts: Facts, counts: Mapping[str, int], schema: str | None) -> None:
    """Raises SourceError naming what differs from the facts of the backup."""
    wrong = [
        f"{name} has {counts.get(name, 'nothing')}, the backup had {expected}"
        for name, expected in facts.counts.items()
        if counts.get(name) != expected
    ]
    if wrong:
        raise SourceError(f"{subject}: not what was backed up: {'; '.join(wrong[:_MOST_TOLD])}")
    if facts.schema is not None and facts.schema != schema:
        raise SourceError(f"{subject}: the structure is not the one that was backed up")
