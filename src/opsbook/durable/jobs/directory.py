"""The directory of a job, as it stands after whatever happened."""

import json
import shutil
from enum import Enum
from pathlib import Path
from typing import Any

from opsbook.core.procfs import ProcessIdentity
from opsbook.durable.jobs.model import Ending, Outcome
from opsbook.durable.jobs.output import JobOutput


class Standing(Enum):
    NEVER_STARTED = "never started"
    """Nothing of the command happened, and nobody who may start it lives."""
    UNDER_WAY = "under way"
    ORPHANED = "orphaned"
    """The command runs and its wrapper does not: nobody will see how it ends."""
    ENDED = "ended"
    UNKNOWN = "unknown"


class JobDirectory:
    """Reads what the wrapper wrote."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.output = JobOutput(path)

    def make(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def standing(self) -> Standing:
        if self.ended():
            return Standing.ENDED
        started = self._read("started") or self._read_unless_taken()
        if started is None:
            return Standing.NEVER_STARTED
        if _identity(started["wrapper"]).alive():
            return Standing.UNDER_WAY
        if _identity(started).alive():
            return Standing.ORPHANED
        # It may have written its last word after we looked for it.
        return Standing.ENDED if self.ended() else Standing.UNKNOWN

    def _read_unless_taken(self) -> dict[str, Any] | None:
        """What is `started`, where nobody lives who might still start it."""
        taken = self._read("go")
        if taken is None:
            return None
        if _identity(taken).alive():
            return {**taken, "wrapper": taken}
        # It may have started it after we looked, and died since.
        return self._read("started")

    def free(self) -> None:
        """Let another wrapper start a command that was never started.

        Only a dead wrapper's claim is removed: a slow one may make its own at any moment.
        """
        taken = self._read("go")
        dead = taken is not None and not _identity(taken).alive()
        if dead and self._read("started") is None:
            (self.path / "go").unlink()

    def command(self) -> ProcessIdentity | None:
        started = self._read("started")
        return None if started is None else _identity(started)

    def wrapper(self) -> ProcessIdentity | None:
        taken = self._read("go")
        return None if taken is None else _identity(taken)

    def ended(self) -> bool:
        return (self.path / "exit").exists()

    def outcome(self) -> Outcome:
        """How it ended; unknown where that is not written."""
        record = self._read("exit")
        words = self.output.last()
        if record is None:
            return Outcome(Ending.UNKNOWN, words=words)
        return Outcome.from_record(record, words)

    def remove(self) -> None:
        shutil.rmtree(self.path)

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            known: dict[str, Any] = json.loads((self.path / name).read_bytes())
        except FileNotFoundError:
            return None
        return known


def _identity(known: dict[str, Any]) -> ProcessIdentity:
    return ProcessIdentity(known["pid"], known["start_ticks"], known["boot_id"])
