"""What a job is to do, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from opsbook.core.secrets import Secret
from opsbook.durable.values import Json

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Command:
    """An argument list and its surroundings; never a line for a shell."""

    words: Sequence[str]
    directory: Path
    within: float
    """Seconds; then SIGTERM to it and to all that descends from it."""
    environment: Mapping[str, str | Secret] = field(default_factory=dict)
    """Beside what Opsbook was started with, without the secrets in that."""
    grace: float = 10.0
    """Seconds from SIGTERM to SIGKILL."""
    keep: int = 8 * MEBIBYTE
    """Bytes of output: the first half and the last quarter at least."""


class Ending(StrEnum):
    EXITED = "exited"
    KILLED = "killed"
    """By a signal that was not ours."""
    TIMED_OUT = "timed out"
    STOPPED = "stopped"
    """Because that was asked for."""
    NOT_STARTED = "not started"
    """It cannot be executed; `error` says why."""
    UNKNOWN = "unknown"
    """It was started and is gone, and nobody is left who saw how it ended."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended."""

    ending: Ending
    code: int | None = None
    """Only where it exited by itself."""
    signal: int | None = None
    error: str | None = None
    seconds: float | None = None
    words: str = ""
    """The last it wrote, at most 2,000 bytes, secrets masked."""

    def as_json(self) -> Json:
        """For the result of a step."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any], words: str) -> "Outcome":
        """From the file `exit` that the wrapper wrote."""
        ending = Ending(record["state"])
        return cls(
            ending,
            record.get("code") if ending is Ending.EXITED else None,
            record.get("signal"),
            record.get("error"),
            record.get("seconds"),
            words,
        )
