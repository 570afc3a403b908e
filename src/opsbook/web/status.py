"""The platform as it stands now, as JSON has it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Literal, get_args

from pydantic import BaseModel, Field

from opsbook.backups.service import Backups
from opsbook.core.clock import Clock
from opsbook.databases.care import CareState
from opsbook.databases.model import Level
from opsbook.databases.service import Databases, Standing
from opsbook.drills.service import Drills
from opsbook.probes.check import Check
from opsbook.probes.model import State, Value, worst
from opsbook.probes.watch import Watch
from opsbook.services.keeper import Keeper
from opsbook.services.service import Services
from opsbook.state.ledger import Ledger
from opsbook.web.alerting_health import AlertingHealth
from opsbook.web.moments import moment
from opsbook.web.run_health import RunHealth
from opsbook.web.store_health import StoreHealth

DrillStanding = Literal["proved", "failed", "overdue", "never run"]
StateName = Literal["up", "degraded", "down", "late", "unknown", "maintenance"]
DatabaseTileState = Literal["degraded", "late", "unknown", "up"]
_WORST_FIRST: tuple[DatabaseTileState, ...] = get_args(DatabaseTileState)
_LEVELS: Mapping[Level, DatabaseTileState] = {
    Level.OVER: "degraded",
    Level.UNKNOWN: "unknown",
    Level.FINE: "up",
}
_CARED: Mapping[CareState | None, DatabaseTileState] = {
    CareState.FAILED: "degraded",
    CareState.LATE: "late",
}
_TOLD = {*_CARED, CareState.WAITING}
"""How maintenance stands where that is to be told."""


class ConditionStatus(BaseModel):
    """A condition with its actual value; null when nothing was measured."""

    measurement: str
    rule: str
    actual: Value | None
    state: StateName


class CheckStatus(BaseModel):
    """A check as it is believed, and the last thing found."""

    name: str
    kind: str
    subject: str
    description: str
    service: str | None
    state: StateName
    since: datetime | None = Field(description="when the state was entered")
    message: str
    cause: str | None = Field(description="the failing check that this one is behind")
    flapping: bool
    looked_at: datetime | None
    duration_seconds: float | None
    measurements: dict[str, Value]
    conditions: list[ConditionStatus]


class ServiceStatus(BaseModel):
    """A service, its process and its restarts."""

    name: str
    description: str
    state: StateName
    phase: str
    since: datetime = Field(description="when the phase began")
    message: str
    instance: str | None
    depends_on: list[str]
    checks: list[str]
    restarts: int = Field(description="restarts that count against the budget now")
    restarts_left: int


class LedgerStatus(BaseModel):
    """Whether what happens reaches the disk."""

    waiting: int = Field(description="entries not yet on disk")
    lost: int
    trouble: str | None


class MetricsStatus(BaseModel):
    """Whether samples are kept; counts are some seconds old, and null before the first."""

    series: int | None
    samples: int | None
    disk_bytes: int | None
    refused: dict[str, int] = Field(description="samples not taken, by reason")
    problems: list[str] = Field(description="what could not be read, and where")
    waiting: int = Field(description="outcomes not yet in the store")
    lost: int = Field(description="outcomes whose samples are nowhere")
    trouble: str | None


class AlertingStatus(BaseModel):
    """Whether alerts reach people; counts are some seconds old, and null before the first."""

    alerts: dict[str, int] | None = Field(description="by state: active or suppressed")
    silences: dict[str, int] = Field(description="by state")
    undelivered: int = Field(description="notices that wait or are on their way")
    oldest_seconds: float = Field(description="for how long the oldest of them has waited")
    refused: int = Field(description="alerts for which there was no room")
    trouble: str | None


class RunsStatus(BaseModel):
    """Whether runs of runbooks are carried."""

    stranded: list[str] = Field(description="begun by another version; cancel, then resume them")
    trouble: str | None


class HostStatus(BaseModel):
    """A further host, and the agent that carries out steps on it."""

    name: str
    state: StateName
    message: str
    seen_at: datetime | None = Field(description="when its agent was last heard of")


class DrillTile(BaseModel):
    """A drill: red where it failed or is overdue, unknown where it was never run."""

    name: str
    state: Literal["up", "down", "unknown"]
    standing: DrillStanding
    message: str


class BackupTile(BaseModel):
    """A backup set: red where it failed, unknown where it never ran or its restore was never
    proved."""

    name: str
    state: Literal["up", "late", "down", "unknown"]
    standing: Literal["good", "late", "failed", "never ran"]
    message: str


class DatabaseTile(BaseModel):
    """A database that is cared for: degraded where a figure is over its limit or maintenance
    failed, late where that is overdue, unknown where there is no report."""

    name: str
    state: DatabaseTileState
    message: str


class PlatformStatus(BaseModel):
    """Everything at one moment; `state` is the worst of all, maintenance aside."""

    platform: str
    state: StateName
    at: datetime
    services: list[ServiceStatus]
    checks: list[CheckStatus]
    ledger: LedgerStatus
    metrics: MetricsStatus
    alerting: AlertingStatus
    runs: RunsStatus
    hosts: list[HostStatus]
    drills: list[DrillTile] = Field(description="worst first")
    backups: list[BackupTile] = Field(description="worst first")
    databases: list[DatabaseTile] = Field(description="worst first")


class StatusView:
    """Reads the living parts and says how they stand."""

    def __init__(
        self,
        platform: str,
        watch: Watch,
        services: Services,
        ledger: Ledger,
        samples: StoreHealth,
        alerting: AlertingHealth,
        runs: RunHealth,
        drills: Drills,
        backups: Backups,
        databases: Databases,
        clock: Clock,
    ) -> None:
        self.platform = platform
        self.watch = watch
        self.services = services
        self.ledger = ledger
        self.samples = samples
        self.alerting = alerting
        self.runs = runs
        self.drills = drills
        self.backups = backups
        self.databases = databases
        self._clock = clock
        self.families: list[Callable[[list[str]], None]] = []
        """What appends the metrics of rooms of which this does not know."""

    async def refresh(self) -> None:
        """Make what is counted aside at most some seconds old."""
        await asyncio.gather(
            self.samples.refresh(), self.alerting.refresh(), self.backups.refresh()
        )

    def status(self) -> PlatformStatus:
        services = [self.service(keeper) for keeper in self.services.keepers.values()]
        checks = [self.check(check) for check in self.watch.checks.values()]
        return PlatformStatus(
            platform=self.platform,
            state=self.verdict().value,
            at=moment(self._clock.now()),
            services=services,
            checks=checks,
            ledger=LedgerStatus(
                waiting=self.ledger.waiting, lost=self.ledger.lost, trouble=self.ledger.trouble
            ),
            metrics=self.metrics_status(),
            alerting=self.alerting_status(),
            runs=RunsStatus(stranded=list(self.runs.stranded), trouble=self.runs.trouble),
            hosts=self.host_statuses(),
            drills=self.drill_tiles(),
            backups=self.backup_tiles(),
            databases=self.database_tiles(),
        )

    def verdict(self) -> State:
        """The worst of all services and checks; what cannot be written down degrades.

        A drill or a backup that failed or is overdue counts; one that was never run says nothing
        of how the platform stands.
        """
        states = [keeper.state() for keeper in self.services.keepers.values()]
        states += [self.watch.shown_state(check) for check in self.watch.checks.values()]
        states += [host.state for host in self.runs.hosts]
        troubles = (each.trouble for each in (self.ledger, self.samples, self.alerting, self.runs))
        if any(troubles) or self.runs.stranded:
            states.append(State.DEGRADED)
        if self.drills.verdict() is State.DOWN:
            states.append(State.DOWN)
        backups = {each.state.state for each in self.backups.standings()}
        states += backups & {State.DOWN, State.LATE}
        if any(each.level is Level.OVER for each in self.databases.standings()):
            states.append(State.DEGRADED)
        states += [State(_CARED[each]) for each in self._cared() if each in _CARED]
        return worst(states)

    def service(self, keeper: Keeper) -> ServiceStatus:
        now = self._clock.now()
        return ServiceStatus(
            name=keeper.name,
            description=keeper.settings.description,
            state=keeper.state().value,
            phase=keeper.phase.value,
            since=moment(keeper.since),
            message=keeper.message,
            instance=keeper.instance.name if keeper.instance else None,
            depends_on=keeper.settings.depends_on,
            checks=list(keeper.checks),
            restarts=keeper.budget.used(now),
            restarts_left=keeper.budget.left(now),
        )

    def metrics_status(self) -> MetricsStatus:
        samples, stats = self.samples, self.samples.stats
        return MetricsStatus(
            series=stats.series if stats else None,
            samples=stats.samples if stats else None,
            disk_bytes=stats.disk_bytes if stats else None,
            refused=dict(stats.refused) if stats else {},
            problems=[str(each) for each in stats.problems] if stats else [],
            waiting=samples.waiting,
            lost=samples.lost,
            trouble=samples.trouble,
        )

    def alerting_status(self) -> AlertingStatus:
        alerting = self.alerting
        return AlertingStatus(
            alerts=alerting.alerts,
            silences=alerting.silences,
            undelivered=alerting.undelivered,
            oldest_seconds=alerting.oldest_seconds,
            refused=alerting.refused,
            trouble=alerting.trouble,
        )

    def host_statuses(self) -> list[HostStatus]:
        return [
            HostStatus(
                name=each.host,
                state=each.state.value,
                message=each.message,
                seen_at=None if each.seen_at is None else moment(each.seen_at),
            )
            for each in self.runs.hosts
        ]

    def drill_tiles(self) -> list[DrillTile]:
        return [
            DrillTile(
                name=each.drill,
                state=each.state.state.value,
                standing=each.state.value,
                message=each.message,
            )
            for each in self.drills.standings()
        ]

    def backup_tiles(self) -> list[BackupTile]:
        return [
            BackupTile(
                name=each.set,
                state=each.state.state.value,
                standing=each.state.value,
                message=each.why,
            )
            for each in self.backups.standings()
        ]

    def database_tiles(self) -> list[DatabaseTile]:
        found = [self._database_tile(each) for each in self.databases.standings()]
        return sorted(found, key=lambda each: _WORST_FIRST.index(each.state))

    def _database_tile(self, standing: Standing) -> DatabaseTile:
        care = self.databases.care(standing.name)
        states = {_LEVELS[standing.level], _CARED.get(care.state, "up")}
        told = [standing.trouble, *_over(standing), care.why if care.state in _TOLD else ""]
        return DatabaseTile(
            name=standing.name,
            state=min(states, key=_WORST_FIRST.index),
            message=", ".join(each for each in told if each),
        )

    def _cared(self) -> list[CareState | None]:
        return [self.databases.care(each).state for each in self.databases.settings]

    def check(self, check: Check) -> CheckStatus:
        outcome = check.outcome
        return CheckStatus(
            name=check.name,
            kind=check.settings.kind,
            subject=check.probe.subject,
            description=check.settings.description,
            service=check.settings.service,
            state=self.watch.shown_state(check).value,
            since=moment(check.since) if check.since else None,
            message=outcome.message if outcome else "not looked at yet",
            cause=self.watch.cause(check) if check.state is not State.UP else None,
            flapping=check.flapping,
            looked_at=moment(outcome.at) if outcome else None,
            duration_seconds=outcome.duration if outcome else None,
            measurements=outcome.measurements if outcome else {},
            conditions=[
                ConditionStatus(
                    measurement=each.measurement,
                    rule=each.rule,
                    actual=each.actual,
                    state=each.state.value,
                )
                for each in (outcome.conditions if outcome else ())
            ],
        )


def _over(standing: Standing) -> Iterator[str]:
    """What is over its limit, as its report calls it."""
    for figure in standing.report.figures.values() if standing.report else ():
        if figure.level is Level.OVER:
            yield f"{figure.name} {figure.value} of at most {figure.limit:g}"
