"""The book's `drills:` — what is hurt, and what must be seen of it within what time."""

from collections.abc import Iterable

from pydantic import Field, model_validator

from opsbook.book.fields import Duration, Name
from opsbook.book.kinds import plugged, with_kinds
from opsbook.book.model import Section
from opsbook.drills.fault import Fault, fault_kinds
from opsbook.probes.maintenance import Maintenance

_LONGEST = 3600.0


class Detected(Section):
    """The watch must find it."""

    within: Duration = Field(gt=0)
    """Counted from the beginning of the fault."""
    by: list[Name] = []
    """Checks that must all find it. With none, the death of the service or one of its checks."""


class Notified(Section):
    """Somebody must be told of it."""

    within: Duration = Field(gt=0)
    """Counted from the beginning of the fault, until the receiver has taken the notice."""
    receiver: Name
    """The receiver of alerts who is told."""
    alert: Name | None = None
    """The alert that is told; any about this service or these checks if not given."""


class Recovered(Section):
    """The platform must be well again."""

    within: Duration = Field(gt=0)
    """Counted from the beginning of a fault that a restart mends, else from its undoing."""


class Expectation(Section):
    """What a drill proves."""

    detected: Detected | None = None
    """The watch must find it. Only a `runbook` may do without."""
    notified: Notified | None = None
    """Not asked for if not given."""
    recovered: Recovered


class Window(Maintenance):
    """When a drill may run by itself."""

    reason: str = "scheduled drills"
    """Why then, for those who wonder."""


class DrillSettings(Section):
    """A fault, named by its kind, and what must be seen of it."""

    description: str = ""
    """What it proves, in a sentence."""
    service: Name | None = None
    """The service that is hurt, where the fault does not name it itself."""
    lasts: Duration = Field(default=60.0, gt=0, le=_LONGEST)
    """The fault is undone after this time at most, also if Opsbook is dead by then."""
    expect: Expectation
    every: Duration | None = Field(default=None, gt=0)
    """A drill that was not proved for so long is overdue."""
    window: Window | None = None
    """With `every`: it runs by itself in this window, from nine tenths of that time on."""

    @model_validator(mode="after")
    def _times_fit(self) -> "DrillSettings":
        expected = (self.expect.detected, self.expect.notified)
        seen = [each.within for each in expected if each is not None]
        if max(seen, default=0.0) > self.lasts:
            raise ValueError(
                f"the fault is undone before it must be seen (lasts {self.lasts:g} s): "
                f"let it last {max(seen):g} s at least"
            )
        if self.window is not None and self.every is None:
            raise ValueError("a window without an interval: say `every`, or leave the window out")
        return self

    @property
    def kind(self) -> str:
        kind: str = plugged(self, Fault)[0]
        return kind

    @property
    def fault(self) -> Fault:
        fault: Fault = plugged(self, Fault)[1]
        return fault

    @property
    def target(self) -> str | None:
        """The service that is hurt, where there is one."""
        return self.fault.target() or self.service


def drill_settings_type(kinds: Iterable[str]) -> type[DrillSettings]:
    """With these kinds of faults."""
    return with_kinds(DrillSettings, fault_kinds, kinds, "fault")
