"""The book's `databases:` — what is cared for, what it may come to, and how it is kept."""

from collections.abc import Iterable

from pydantic import Field

from opsbook.book.fields import Duration, Name
from opsbook.book.kinds import plugged, with_kinds
from opsbook.book.model import Section
from opsbook.databases.engine import Engine, Patience, engine_kinds
from opsbook.databases.limits import Limits
from opsbook.databases.maintain import Baseline, MaintainStep


class DatabaseSettings(Section):
    """A database, named by its kind, and how it is cared for."""

    description: str = ""
    """What it holds, in a sentence."""
    limits: Limits = Limits()
    maintain: list[MaintainStep] = []
    """What `opsbook db maintain` does, in this order."""
    baselines: dict[Name, Baseline] = {}
    """How long operations take, from the application's own records."""
    every: Duration = Field(default=3600.0, ge=60)
    """A report is made so often, and its figures are kept as samples."""
    report_within: Duration = Field(default=20.0, gt=0, le=25)
    """A report that takes longer is given up."""
    lock_wait: Duration = Field(default=5.0, gt=0)
    """A task that waits longer for a lock is given up."""
    statement_time: Duration = Field(default=600.0, gt=0)
    """A statement that takes longer is stopped."""

    @property
    def kind(self) -> str:
        kind: str = plugged(self, Engine)[0]
        return kind

    @property
    def engine(self) -> Engine:
        engine: Engine = plugged(self, Engine)[1]
        return engine

    @property
    def patience(self) -> Patience:
        return Patience(self.lock_wait, self.statement_time)


def database_settings_type(kinds: Iterable[str]) -> type[DatabaseSettings]:
    """With these kinds of engines."""
    return with_kinds(DatabaseSettings, engine_kinds, kinds, "database")
