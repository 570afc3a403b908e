"""A step as it travels to another host: what its agent needs to know of the run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opsbook.durable.values import Json
from opsbook.runbooks.life import About
from opsbook.runbooks.revealed import Revealed
from opsbook.runbooks.settings import StepSettings, runbook_type
from opsbook.runbooks.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Parcel:
    """Secrets travel as references, and are revealed where they are used."""

    about: About
    step: StepSettings
    name: str
    path: str
    number: int
    """Which try of the step it is."""
    values: Mapping[str, Any]
    """Without the secrets."""
    secrets: Mapping[str, str]
    """Name → reference."""

    @classmethod
    def opened(cls, value: Json) -> "Parcel":
        """What `packed` made."""
        assert isinstance(value, Mapping)
        given: Mapping[str, Any] = value
        snapshot = Snapshot.from_json(given["snapshot"])
        about = About(given["run"], given["round"], snapshot.by, snapshot.why)
        # The step is filled again within a runbook of its own.
        context = {"directory": snapshot.directory}
        book = runbook_type().model_validate({"steps": [given["step"]]}, context=context)
        return cls(
            about,
            book.steps[0],
            given["name"],
            given["path"],
            given["number"],
            given["values"],
            given["secrets"],
        )

    def revealed(self) -> dict[str, Any]:
        """All values, from what this host holds. Raises BadInputError."""
        held = {name: Revealed.of(reference) for name, reference in self.secrets.items()}
        return {**self.values, **held}


def packed(
    about: About,
    snapshot: Snapshot,
    step: StepSettings,
    name: str,
    path: str,
    number: int,
    values: Mapping[str, Any],
) -> dict[str, Json]:
    secrets = {key: each.reference for key, each in values.items() if isinstance(each, Revealed)}
    return {
        "snapshot": snapshot.as_json(),
        "run": about.run,
        "round": about.round,
        "step": step.written,
        "name": name,
        "path": path,
        "number": number,
        "values": {key: each for key, each in values.items() if key not in secrets},
        "secrets": secrets,
    }
