"""What a maintenance is to do, as it is carried along with its run, and the digest to be signed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from opsbook.databases.maintain import MaintainStep
from opsbook.databases.model import DatabaseError
from opsbook.databases.settings import DatabaseSettings
from opsbook.state.chain import canonical

SHORTEST = 12
"""Characters of a digest by which people name a plan."""


@dataclass(frozen=True, slots=True)
class Order:
    """The book may change before the run has ended: it does what was asked for, and nothing to
    another database."""

    database: str
    target: str
    steps: Sequence[Mapping[str, Any]]
    """As the book had them."""
    by: str
    why: str
    now: float
    """Fixes every cut-off; seconds since 1970."""
    confirmed: bool = False
    """Whether the name was typed."""
    scheduled: bool = False
    """Whether nobody asked for it: then tasks of class 2 want a signature."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def wanted(self) -> list[MaintainStep]:
        return [MaintainStep.model_validate(each) for each in self.steps]

    @property
    def digest(self) -> str:
        return _digest(self.database, self.target, self.wanted)

    def check(self, settings: DatabaseSettings | None) -> DatabaseSettings:
        """Raises DatabaseError where the book names another database by this name now."""
        if settings is None or target_of(settings) != self.target:
            raise DatabaseError(
                f"the book does not call {self.target} {self.database} any more: nothing was done"
            )
        return settings


def target_of(settings: DatabaseSettings) -> str:
    """Which database that is, whatever the book calls it."""
    return f"{settings.kind} {settings.engine.subject}"


def digest_of(name: str, settings: DatabaseSettings) -> str:
    """Of what is done to a database, as the book has it now."""
    return _digest(name, target_of(settings), settings.maintain)


def _digest(name: str, target: str, steps: Sequence[MaintainStep]) -> str:
    filled = [each.model_dump(mode="json", exclude_none=True) for each in steps]
    return hashlib.sha256(canonical([name, target, filled]).encode()).hexdigest()
