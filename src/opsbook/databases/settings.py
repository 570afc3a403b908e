"""The book's `databases:` — what is cared for, what it may come to, and how it is kept."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from opsbook.alerts.configuration.intervals import zone_name
from opsbook.alerts.templates.times import zone_of
from opsbook.book.fields import Days, Duration, Name
from opsbook.book.kinds import plugged, with_kinds
from opsbook.book.model import Section
from opsbook.core.schedule import Schedule
from opsbook.databases.engine import Engine, Patience, engine_kinds
from opsbook.databases.limits import Limits
from opsbook.databases.maintain import Baseline, MaintainStep
from opsbook.probes.maintenance import ClockTime


class DatabaseSettings(Section):
    """A database, named by its kind, and how it is cared for."""

    description: str = ""
    """What it holds, in a sentence."""
    limits: Limits = Limits()
    maintain: list[MaintainStep] = []
    """What `opsbook db maintain` does, in this order."""
    maintain_every: Duration | None = Field(default=None, ge=60)
    """How much time there is between two maintenances that nobody asks for."""
    maintain_at: ClockTime | None = None
    """At which time of day one begins by itself, in `zone`, instead of `maintain_every`."""
    maintain_days: list[Days] = []
    """The days of `maintain_at`: `sun`, `first sun`, `last fri`, `1`, `last`; each if none is
    named."""
    zone: Annotated[str, AfterValidator(zone_name)] = "UTC"
    """The time zone of `maintain_at`."""
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

    @model_validator(mode="after")
    def _when(self) -> "DatabaseSettings":
        if self.maintain_every is not None and self.maintain_at is not None:
            raise ValueError(
                "both an interval and a time of day: keep `maintain_every` or `maintain_at`"
            )
        if self.maintain_days and self.maintain_at is None:
            raise ValueError("days without a time of day: give `maintain_at` too")
        if self.schedule.by_itself and not self.maintain:
            raise ValueError("there is nothing to maintain: say what in `maintain`")
        return self

    @property
    def schedule(self) -> Schedule:
        """When it is maintained by itself."""
        return Schedule(
            self.maintain_every, self.maintain_at, zone_of(self.zone), tuple(self.maintain_days)
        )

    @property
    def needs_signature(self) -> bool:
        """Whether a part of its maintenance wants an approver's signature where nobody asks."""
        scheduled = self.schedule.by_itself
        return scheduled and any(each.kind in self.engine.confirmed for each in self.maintain)

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
