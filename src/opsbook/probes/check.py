"""One check: its settings, its probe, and which state is believed."""

from collections import deque

from opsbook.probes.conditions import Conditions
from opsbook.probes.model import Measurements, Outcome, State, worst
from opsbook.probes.probe import Probe, ProbeFailedError
from opsbook.probes.settings import CheckSettings


class Check:
    """Turns looks into outcomes and outcomes into a state that does not jump.

    A worse state, and a failure at the start, is believed after `confirm` outcomes in a row,
    a better one at once. One that changes too often is flapping: it keeps the worse state
    until the better one has been steady.
    """

    def __init__(self, name: str, settings: CheckSettings, parents: tuple[str, ...] = ()) -> None:
        self.name = name
        self.settings = settings
        self.probe: Probe = settings.probe
        self.parents = parents
        """Names of the checks that this one is behind, near ones first."""
        self.state = State.UNKNOWN
        self.since: float | None = None
        """When the state was entered, in seconds since 1970; None before the first outcome."""
        self.outcome: Outcome | None = None
        self.flapping = False
        self._conditions = Conditions(settings.effective_conditions())
        self._worse_in_a_row = 0
        self._better_since: float | None = None
        self._changes: deque[float] = deque(maxlen=settings.flapping.changes)

    def judge(self, at: float, duration: float, measurements: Measurements) -> Outcome:
        """Measurements held against the conditions."""
        judged = self._conditions.judge(measurements)
        broken = [each for each in judged if each.state is not State.UP]
        if not broken:
            return Outcome(at, duration, State.UP, "", measurements, judged)
        state = worst(each.state for each in broken)
        message = "; ".join(str(each) for each in broken)
        return Outcome(at, duration, state, message, measurements, judged)

    def failed(self, at: float, duration: float, error: Exception) -> Outcome:
        """A look that ended in an error; unknown unless the target itself failed, or what
        had been measured until then is worse."""
        state = State.DOWN if isinstance(error, ProbeFailedError) else State.UNKNOWN
        measurements: Measurements = getattr(error, "measurements", {})
        judged = [each for each in self._conditions.judge(measurements) if each.actual is not None]
        broken = [each for each in judged if each.state is not State.UP]
        message = "; ".join([str(error), *map(str, broken)])
        state = worst([state, *(each.state for each in broken)])
        return Outcome(at, duration, state, message, measurements, tuple(judged))

    def timed_out(self, at: float, duration: float) -> Outcome:
        message = f"no answer from {self.probe.subject} within {self.settings.timeout:g} s"
        return Outcome(at, duration, State(self.settings.timed_out), message)

    @property
    def waiting(self) -> bool:
        """Whether a worse state is waiting to be confirmed."""
        return self._worse_in_a_row > 0

    def take(self, outcome: Outcome) -> State | None:
        """Take an outcome; returns the state before if another one is believed now."""
        self.outcome = outcome
        return self._enter(outcome.state, outcome.at) if self._believe(outcome) else None

    def miss(self, now: float) -> State | None:
        """No outcome came in time; returns the state before unless it was late already."""
        return None if self.state is State.LATE else self._enter(State.LATE, now)

    def _believe(self, outcome: Outcome) -> bool:
        first = self.since is None
        believed = State.UP if first else self.state
        worse = outcome.state.severity > believed.severity and self.state is not State.LATE
        if worse:
            self._better_since = None
            self._worse_in_a_row += 1
            return self._worse_in_a_row >= self.settings.confirm
        self._worse_in_a_row = 0
        if outcome.state is self.state:
            self._better_since = None
            return first
        return first or self._steady(outcome.at)

    def _steady(self, now: float) -> bool:
        """Whether a better state may be believed: at once, or after a while when flapping."""
        if not self.flapping:
            return True
        if self._better_since is None:
            self._better_since = now
        if now - self._better_since < self.settings.flapping.until_steady:
            return False
        self.flapping = False
        self._changes.clear()
        return True

    def _enter(self, state: State, now: float) -> State | None:
        before, entered = self.state, self.since is None
        self.state, self.since = state, now
        self._worse_in_a_row = 0
        self._better_since = None
        if before is state:
            return None
        if not entered:
            self._changes.append(now)
            full = len(self._changes) == self.settings.flapping.changes
            recent = full and now - self._changes[0] <= self.settings.flapping.within
            worse = state.severity > before.severity
            self.flapping = self.flapping or (recent and worse)
        return before
