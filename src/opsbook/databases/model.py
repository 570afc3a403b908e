"""What is said of a database: figures, listings, advice; and what was done to it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from opsbook.core.errors import OpsbookError

Value = float | int | str
Cell = float | int | str | bool | None
"""One value of a listing; None is unknown, never 0."""


class DatabaseError(OpsbookError):
    """A database that cannot be reached, or a task that it refused; the text says which and why."""


class LockedError(DatabaseError):
    """Others held for too long what a task needs."""


class Level(StrEnum):
    """How a figure stands."""

    FINE = "fine"
    OVER = "over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number about a database. Its name ends with its unit: `_bytes`, `_percent`, `_seconds`;
    without one it is a count or a text."""

    name: str
    value: Value | None
    limit: float | None = None
    """What it may be at most."""
    why: str = ""
    """Why it is not known, where it is not."""

    @property
    def level(self) -> Level:
        if self.value is None:
            return Level.UNKNOWN
        if self.limit is None or isinstance(self.value, str):
            return Level.FINE
        return Level.OVER if self.value > self.limit else Level.FINE


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows that tell more than a number, such as the tables with most dead rows."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    why: str = ""
    """Why it is not known, or only in part."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What a person may want to do. Nobody does it unasked."""

    statement: str
    action_class: int
    """1 narrow and reversible, 2 to be confirmed, 3 a second person has to approve it."""
    why: str


@dataclass(slots=True)
class Report:
    """How a database stands at one moment."""

    figures: dict[str, Figure] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    advice: list[Advice] = field(default_factory=list)

    def tell(self, name: str, value: Value | None, limit: float | None = None) -> None:
        """`limit` is what it may be at most."""
        why = "" if value is not None else "the database does not say"
        self.figures[name] = Figure(name, value, limit, why)

    def miss(self, names: Sequence[str], why: str) -> None:
        """These are not known; what is known already stays."""
        for name in names:
            self.figures.setdefault(name, Figure(name, None, why=why))

    def show(
        self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], why: str = ""
    ) -> None:
        self.listings[name] = Listing(name, columns, rows, why)

    def advise(self, statement: str, action_class: int, why: str) -> None:
        self.advice.append(Advice(statement, action_class, why))

    @property
    def level(self) -> Level:
        """The worst of all figures: over a limit before unknown."""
        levels = {each.level for each in self.figures.values()}
        return next((each for each in (Level.OVER, Level.UNKNOWN) if each in levels), Level.FINE)


@dataclass(frozen=True, slots=True)
class Change:
    """What a task found before and after; names end with their units."""

    before: Mapping[str, Value] = field(default_factory=dict)
    after: Mapping[str, Value] = field(default_factory=dict)
    said: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to be done to a database, with its own result."""

    name: str
    action_class: int
    statements: Sequence[str]
    """What will be carried out, as the database gets it."""
    preview: str = ""
    """What it will change, counted now."""
    needs: str = ""
    """Space and locks that it takes."""
    refused: str = ""
    """Why it is not done."""
    guards: bool = False
    """Whether nothing that comes after it is done if it fails."""
    work: Callable[[], Awaitable[Change]] | None = None
    """None where there is nothing to do or it is refused. Raises DatabaseError."""
    again: Callable[[], Awaitable[Change]] | None = None
    """What is done instead where an Opsbook died during it; None where doing it once more might
    change more than was asked for."""

    def as_json(self) -> dict[str, Any]:
        """To be shown; it cannot be carried out from that."""
        names = [each.name for each in fields(self) if each.name not in ("work", "again")]
        return {name: getattr(self, name) for name in names}


class End(StrEnum):
    """How a task ended."""

    DONE = "done"
    LOCKED = "locked"
    """Others held a lock for longer than is waited; what was done until then stays."""
    FAILED = "failed"
    REFUSED = "refused"
    """It cannot be done or is not wanted as things are; nothing was changed."""
    WAITING = "waiting"
    """It wants a signature; nothing was changed."""
    UNKNOWN = "unknown"
    """It was under way when Opsbook died, and is none that may be done twice."""


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What came of a task."""

    task: str
    action_class: int
    end: End
    said: str
    before: Mapping[str, Value]
    after: Mapping[str, Value]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"end": self.end.value}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "TaskResult":
        return cls(**{**value, "end": End(value["end"])})
