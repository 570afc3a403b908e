"""Work for sources in tests, and a backup as the rest of the product would hold it."""

import io
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from opsbook.backups.source import Facts, Source, Work, source_kinds


def make_source(kind: str, settings: Mapping[str, Any]) -> Source:
    return source_kinds.load(kind).model_validate(dict(settings))


def make_work(scratch: Path, *, seconds: float = 60.0) -> Work:
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Work(scratch, threading.Event(), time.monotonic() + seconds, lambda *_: None)


@dataclass(frozen=True)
class Taken:
    """A backup in memory."""

    facts: Facts
    content: dict[str, bytes]

    @property
    def files(self) -> dict[str, Callable[[], BinaryIO]]:
        return {name: lambda each=each: io.BytesIO(each) for name, each in self.content.items()}  # type: ignore[misc]


def take(source: Source, work: Work) -> Taken:
    facts = Facts()
    with source.parts(work, facts) as parts:
        content = {part.name: b"".join(part.read()) for part in parts}
    return Taken(facts, content)
