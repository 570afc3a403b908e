"""What pages are told first, as JSON has it: every topic with its items by key."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from opsbook.web.alerts import AlertView, SilenceView
from opsbook.web.backups import SetStatus
from opsbook.web.drills import DrillStatus
from opsbook.web.incidents import IncidentView
from opsbook.web.kpis import KpiStatus
from opsbook.web.runs import RunStatus
from opsbook.web.status import (
    BackupTile,
    CheckStatus,
    DatabaseTile,
    DrillTile,
    HostStatus,
    LedgerStatus,
    MetricsStatus,
    RunsStatus,
    ServiceStatus,
    StateName,
)
from opsbook.web.waiting import WaitingItem

MOST_FOLLOWED = 5
RunId = Annotated[str, Field(min_length=1, max_length=200)]


class AlertingNow(BaseModel):
    """Whether alerts reach people; counts are some seconds old, and null before the first."""

    alerts: dict[str, int] | None = Field(description="by state: active or suppressed")
    silences: dict[str, int] = Field(description="by state")
    undelivered: int = Field(description="notices that wait or are on their way")
    refused: int = Field(description="alerts for which there was no room")
    trouble: str | None


class PlatformNow(BaseModel):
    """The platform without what has topics of its own, and without what changes all the time."""

    platform: str
    state: StateName
    ledger: LedgerStatus
    metrics: MetricsStatus
    alerting: AlertingNow
    runs: RunsStatus
    hosts: list[HostStatus]
    drills: list[DrillTile] = Field(description="worst first")
    backups: list[BackupTile] = Field(description="worst first")
    databases: list[DatabaseTile] = Field(description="worst first")


class LedgerNow(BaseModel):
    """That there is something new in it."""

    written: int = Field(description="entries since the process began that are on disk")


class LiveTopics(BaseModel):
    """A topic is missing while nothing is known of it."""

    platform: dict[Literal["now"], PlatformNow] = {}
    services: dict[str, ServiceStatus] = {}
    checks: dict[str, CheckStatus] = {}
    kpis: dict[str, KpiStatus] = {}
    alerts: dict[str, AlertView] = Field({}, description="by fingerprint: 1,000 at most")
    silences: dict[str, SilenceView] = Field({}, description="those that have not expired")
    incidents: dict[str, IncidentView] = Field({}, description="those that are not closed")
    runs: dict[str, RunStatus] = Field({}, description="those that have not ended, and the newest")
    drills: dict[str, DrillStatus] = {}
    backups: dict[str, SetStatus] = {}
    waiting: dict[str, WaitingItem] = Field({}, description="what waits for a person")
    ledger: dict[Literal["now"], LedgerNow] = {}


class LiveState(BaseModel):
    """Everything at one moment; what changes after it has higher numbers, in the same epoch."""

    kind: Literal["state"]
    epoch: str = Field(description="another one in each life of the process")
    seq: int
    at: datetime
    topics: LiveTopics


class Since(BaseModel):
    """The last change that a page has heard of."""

    epoch: Annotated[str, Field(max_length=100)]
    seq: int


class Asked(BaseModel):
    """What a page says: with its first message what it knows, with each which runs it follows."""

    model_config = ConfigDict(extra="forbid")

    since: Since | None = None
    follow: list[RunId] = Field([], max_length=MOST_FOLLOWED)
    lines: dict[RunId, Annotated[int, Field(ge=0)]] = Field({}, max_length=50)
    """Run → the position of the last line that the page has."""
