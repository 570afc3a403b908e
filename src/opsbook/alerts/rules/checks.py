"""Checks that fail raise alerts by themselves."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from opsbook.alerts.model import Alert
from opsbook.alerts.rules.origin import Origin
from opsbook.alerts.rules.orphans import Fate, Orphans
from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.core.labels import labels_of
from opsbook.probes.check import Check
from opsbook.probes.events import CheckChanged
from opsbook.probes.model import State
from opsbook.probes.watch import Watch

_RESEND = 60.0
_VALID = 240.0
"""Seconds for which those who were told believe it, if they hear nothing more."""

Send = Callable[[Iterable[Alert]], None]


class CheckAlerts:
    """At most one alert for each check, told as soon as its state is believed."""

    def __init__(
        self,
        watch: Watch,
        bus: Bus,
        severities: Mapping[State, str],
        send: Send,
        clock: Clock,
        origin: Origin,
    ) -> None:
        """`severities` has the states that raise an alert."""
        self._watch, self._severities, self._send = watch, severities, send
        self._clock, self._origin = clock, origin
        self._told: dict[str, Alert] = {}
        self._orphans = Orphans(())
        bus.subscribe(CheckChanged, self._changed)

    def adopt(self, known: Iterable[Alert]) -> None:
        """Answer for alerts of an earlier life, as far as checks raised them."""
        self._orphans = Orphans(alert for alert in known if is_of_check(alert, self._origin))

    def tick(self) -> None:
        """Tell what was not told for a while, and what became of an earlier life's alerts."""
        for check in self._watch.checks.values():
            self._tell(check)
        self._send(self._orphans.tend(self._clock.now(), self._fate))

    def _changed(self, event: CheckChanged) -> None:
        self._tell(self._watch.checks[event.check])

    def _tell(self, check: Check) -> None:
        now, before = self._clock.now(), self._told.get(check.name)
        wanted = self._alert(check, now)
        if before is not None and (wanted is None or wanted.labels != before.labels):
            self._send([replace(before, ends_at=now, updated_at=now)])
            del self._told[check.name]
            before = None
        if wanted is None or (before is not None and not _worth_telling(before, wanted)):
            return
        self._told[check.name] = wanted
        self._send([wanted])

    def _alert(self, check: Check, now: float) -> Alert | None:
        severity = self._severities.get(check.state)
        if severity is None or check.since is None:
            return None
        return Alert(
            labels_of(
                {
                    "alertname": _name(check.state),
                    "check": check.name,
                    "service": check.settings.service or "",
                    "severity": severity,
                }
            ),
            labels_of(self._annotations(check)),
            starts_at=check.since,
            ends_at=now + _VALID,
            updated_at=now,
            generator_url=self._origin.of_check(check.name),
        )

    def _annotations(self, check: Check) -> dict[str, str]:
        late = check.state is State.LATE
        message = check.outcome.message if check.outcome and not late else ""
        return {
            "summary": f"{check.name} is {check.state}" + (f": {message}" if message else ""),
            "description": check.settings.description,
            "cause": self._watch.cause(check) or "",
            "flapping": "it changes too often to be told each time" if check.flapping else "",
        }

    def _fate(self, alert: Alert) -> Fate:
        check = self._watch.checks.get(dict(alert.labels)["check"])
        if check is None:
            return "unraised"
        told = self._told.get(check.name)
        if told is not None and told.fingerprint == alert.fingerprint:
            return "raised"
        return "unknown" if check.since is None else "ended"


def is_of_check(alert: Alert, origin: Origin) -> bool:
    """Whether a check raised it, now or in an earlier life."""
    check = dict(alert.labels).get("check", "")
    return alert.name in _NAMES and alert.generator_url == origin.of_check(check)


def _name(state: State) -> str:
    return f"Check{state.capitalize()}"


_NAMES = frozenset(map(_name, State))


def _worth_telling(before: Alert, now: Alert) -> bool:
    """Texts change with every look, times with every call."""
    return now.updated_at - before.updated_at >= _RESEND or (
        dict(now.annotations).get("cause") != dict(before.annotations).get("cause")
    )
