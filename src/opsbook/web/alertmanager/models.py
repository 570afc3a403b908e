"""Alerts, groups and silences as Alertmanager's API has them in JSON.

Source: the OpenAPI document of Alertmanager's API v2.
"""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from opsbook.alerts.delivery.intake import Report
from opsbook.alerts.delivery.mute import Muting
from opsbook.alerts.model import Alert
from opsbook.alerts.routing.matchers import make_matcher
from opsbook.alerts.silences import Silence
from opsbook.core.clock import iso
from opsbook.metrics.model import Matcher


class PostableAlert(BaseModel):
    """An alert as a sender tells of it."""

    model_config = ConfigDict(extra="ignore")

    labels: dict[str, str]
    annotations: dict[str, str] = {}
    startsAt: datetime | None = None  # noqa: N815 - the API's own names
    endsAt: datetime | None = None  # noqa: N815
    generatorURL: str = ""  # noqa: N815

    def report(self) -> Report:
        return Report(
            self.labels,
            self.annotations,
            _seconds(self.startsAt),
            _seconds(self.endsAt),
            self.generatorURL,
        )


class ReceiverName(BaseModel):
    name: str


class AlertStatus(BaseModel):
    state: Literal["active", "suppressed", "unprocessed"]
    silencedBy: list[str]  # noqa: N815
    inhibitedBy: list[str]  # noqa: N815
    mutedBy: list[str]  # noqa: N815


class GettableAlert(BaseModel):
    """An alert as it stands."""

    labels: dict[str, str]
    annotations: dict[str, str]
    startsAt: str  # noqa: N815
    endsAt: str  # noqa: N815
    updatedAt: str  # noqa: N815
    fingerprint: str
    generatorURL: str  # noqa: N815
    receivers: list[ReceiverName]
    status: AlertStatus

    @classmethod
    def of(
        cls, alert: Alert, receivers: list[str], muting: Muting, muted_by: list[str]
    ) -> "GettableAlert":
        suppressed = [muting.suppressed] if muting.suppressed else []
        status = AlertStatus(
            state="suppressed" if muting or muted_by else "active",
            silencedBy=list(muting.silenced_by),
            inhibitedBy=list(muting.inhibited_by),
            mutedBy=muted_by + suppressed,
        )
        return cls(
            labels=dict(alert.labels),
            annotations=dict(alert.annotations),
            startsAt=iso(alert.starts_at),
            endsAt=iso(alert.ends_at),
            updatedAt=iso(alert.updated_at),
            fingerprint=alert.fingerprint,
            generatorURL=alert.generator_url,
            receivers=[ReceiverName(name=name) for name in receivers],
            status=status,
        )


class AlertGroup(BaseModel):
    labels: dict[str, str]
    receiver: ReceiverName
    alerts: list[GettableAlert]


class WireMatcher(BaseModel):
    name: str
    value: str
    isRegex: bool  # noqa: N815
    isEqual: bool = True  # noqa: N815

    @classmethod
    def of(cls, matcher: Matcher) -> "WireMatcher":
        return cls(
            name=matcher.name,
            value=matcher.value,
            isRegex=matcher.op.endswith("~"),
            isEqual=matcher.op.startswith("="),
        )

    def matcher(self) -> Matcher:
        """Raises BadInputError."""
        ops = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
        return make_matcher(self.name, ops[self.isRegex, self.isEqual], self.value)


class PostableSilence(BaseModel):
    """A silence to be set; with an id, one to be changed."""

    id: str = ""
    matchers: list[WireMatcher]
    startsAt: datetime  # noqa: N815
    endsAt: datetime  # noqa: N815
    createdBy: str  # noqa: N815
    comment: str

    def silence(self) -> Silence:
        """Raises BadInputError."""
        return Silence(
            matchers=tuple(each.matcher() for each in self.matchers),
            starts_at=_seconds(self.startsAt) or 0.0,
            ends_at=_seconds(self.endsAt) or 0.0,
            created_by=self.createdBy,
            comment=self.comment,
            id=self.id,
        )


class SilenceStatus(BaseModel):
    state: Literal["pending", "active", "expired"]


class GettableSilence(BaseModel):
    id: str
    status: SilenceStatus
    updatedAt: str  # noqa: N815
    matchers: list[WireMatcher]
    startsAt: str  # noqa: N815
    endsAt: str  # noqa: N815
    createdBy: str  # noqa: N815
    comment: str

    @classmethod
    def of(cls, silence: Silence, now: float) -> "GettableSilence":
        return cls(
            id=silence.id,
            status=SilenceStatus(state=silence.state(now)),
            updatedAt=iso(silence.updated_at),
            matchers=[WireMatcher.of(each) for each in silence.matchers],
            startsAt=iso(silence.starts_at),
            endsAt=iso(silence.ends_at),
            createdBy=silence.created_by,
            comment=silence.comment,
        )


class SilenceNumber(BaseModel):
    silenceID: str = Field(description="under which the silence is known")  # noqa: N815


class ClusterStatus(BaseModel):
    status: Literal["disabled"] = "disabled"
    peers: list[str] = []


class ConfigText(BaseModel):
    original: str = Field(description="the configuration, secrets left out")


class VersionInfo(BaseModel):
    version: str
    revision: str = ""
    branch: str = ""
    buildUser: str = ""  # noqa: N815
    buildDate: str = ""  # noqa: N815
    goVersion: str = ""  # noqa: N815


class AlertmanagerStatus(BaseModel):
    cluster: ClusterStatus
    config: ConfigText
    uptime: str = Field(description="when the process began")
    versionInfo: VersionInfo  # noqa: N815


def _seconds(moment: datetime | None) -> float | None:
    """Go's zero time, of the year 1, is none."""
    if moment is None or moment.year <= 1:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
