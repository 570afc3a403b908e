"""What a run depends on, as it is kept with the run: the procedure as the book had it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from opsbook.core.errors import BadInputError
from opsbook.durable.values import Json
from opsbook.runbooks.settings import RunbookSettings, StepSettings, runbook_type, walk


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The input of a run, and all that it may decide on besides recorded results."""

    runbook: str
    runbooks: Mapping[str, Any]
    """The runbook and those that it runs, as written."""
    directory: str
    parameters: Mapping[str, Json]
    """Accepted; secrets as references."""
    by: str
    why: str
    alert: str | None = None
    incident: str | None = None
    unattended: bool = False
    drill: str | None = None
    roll_back: bool = False

    def as_json(self) -> dict[str, Json]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Json) -> "Snapshot":
        assert isinstance(value, Mapping)
        return cls(**value)  # type: ignore[arg-type]

    def settings(self) -> dict[str, RunbookSettings]:
        """The runbooks, filled again. Raises BadInputError where this version cannot."""
        return {name: self._filled(name, written) for name, written in self.runbooks.items()}

    def _filled(self, name: str, written: Any) -> RunbookSettings:
        context = {"directory": Path(self.directory)}
        try:
            return runbook_type().model_validate(written, context=context)
        except ValidationError as error:
            raise BadInputError(
                f"runbook {name} was begun by another version and cannot be read: {error}"
            ) from None


def needed(name: str, runbooks: Mapping[str, RunbookSettings]) -> dict[str, RunbookSettings]:
    """A runbook and all that it runs, directly or not."""
    found: dict[str, RunbookSettings] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found and one in runbooks:
            found[one] = runbooks[one]
            waiting += called(runbooks[one])
    return found


def called(runbook: RunbookSettings) -> list[str]:
    """The runbooks that it runs itself."""
    return [
        name
        for step in walk(runbook.steps)
        for thing, name in step.action.names()
        if thing == "runbook"
    ]


def run_class(name: str, runbooks: Mapping[str, RunbookSettings]) -> int:
    """The highest class of its steps and of those of the runbooks that it runs."""
    return max((each.run_class for each in needed(name, runbooks).values()), default=0)


def digest(content: Any) -> str:
    """The same for the same content as a book writes it."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def step_digest(step: StepSettings) -> str:
    """Of all that a rollback depends on: the step and what takes it back, as written."""
    return digest(step.written)
