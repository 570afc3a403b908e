"""What keeps an alert from being told now."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from opsbook.alerts.model import Alert
from opsbook.alerts.routing.inhibition import Inhibitor
from opsbook.alerts.routing.intervals import TimeInterval, contained
from opsbook.alerts.routing.route import Route
from opsbook.alerts.silences import Silences


@dataclass(frozen=True, slots=True)
class Muting:
    """Why an alert is kept quiet; empty where it is not."""

    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()
    suppressed: str = ""
    """A reason that is none of Alertmanager's: a cause that is known, work that was announced."""
    mending: bool = False
    """Whether that is all: it would be told if nothing were tried first to mend it."""

    def __bool__(self) -> bool:
        return bool(self.silenced_by or self.inhibited_by or self.suppressed)


class Muter:
    """Asks silences, inhibition rules, and whoever else may know a reason."""

    def __init__(
        self,
        silences: Silences,
        inhibitor: Inhibitor,
        intervals: Mapping[str, Sequence[TimeInterval]],
        suppression: Callable[[Alert], str],
        mending: Callable[[Alert], str] = lambda alert: "",
    ) -> None:
        """`mending` is asked where nothing else keeps an alert quiet."""
        self.inhibitor = inhibitor
        self.intervals = intervals
        self._silences = silences
        self._suppression, self._mending = suppression, mending

    def muting(self, alert: Alert, now: float) -> Muting:
        silenced = tuple(
            number
            for number in self._silences.meeting(alert.labels)
            if self._silences_now(number, now)
        )
        inhibited = tuple(self.inhibitor.inhibited_by(alert.labels, now))
        muting = Muting(silenced, inhibited, self._suppression(alert))
        if not muting and (tried_first := self._mending(alert)):
            return Muting(suppressed=tried_first, mending=True)
        return muting

    def route_muted_by(self, route: Route, now: float) -> tuple[str, ...]:
        """Names of the intervals that keep the whole route quiet now."""
        muting = tuple(name for name in route.mute if self._within(name, now))
        if muting or not route.active or any(self._within(name, now) for name in route.active):
            return muting
        return route.active

    def _silences_now(self, number: str, now: float) -> bool:
        silence = self._silences.get(number)
        if silence is None or silence.state(now) != "active":
            return False
        return not silence.interval or self._within(silence.interval, now)

    def _within(self, name: str, now: float) -> bool:
        return contained(self.intervals.get(name, ()), now)
