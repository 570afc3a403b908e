"""Which topics there are, what each is made of, and which events say that it has changed."""

import asyncio
import heapq
from collections.abc import Mapping
from itertools import islice
from typing import Any

from sqlalchemy import Engine

from opsbook.alerts.delivery.service import Alerting
from opsbook.alerts.events import AlertFired, AlertResolved
from opsbook.alerts.model import Alert
from opsbook.alerts.silences import Silence
from opsbook.core.clock import Clock
from opsbook.core.events import Bus
from opsbook.drills.events import DrillEnded
from opsbook.drills.model import Standing
from opsbook.incidents import store
from opsbook.incidents.events import IncidentEvent
from opsbook.incidents.model import Incident, IncidentState
from opsbook.incidents.service import Incidents
from opsbook.metrics.kpis.kpi import Kpi
from opsbook.metrics.kpis.service import Kpis
from opsbook.probes.check import Check
from opsbook.probes.events import CheckChanged, OutcomeTaken
from opsbook.probes.model import State
from opsbook.runbooks.service import Runbooks
from opsbook.services.events import ServiceEvent
from opsbook.services.keeper import Keeper
from opsbook.web.alerts import alert_view, silence_view
from opsbook.web.backups import set_view
from opsbook.web.drills import drill_view
from opsbook.web.incidents import incident_view
from opsbook.web.kpis import kpi_view
from opsbook.web.live.aside import ReadAside
from opsbook.web.live.following import Following
from opsbook.web.live.hub import Ear, Hub
from opsbook.web.live.latest_runs import LatestRuns
from opsbook.web.live.model import AlertingNow, LedgerNow, PlatformNow
from opsbook.web.live.topic import Topic
from opsbook.web.runs import run_status
from opsbook.web.status import LedgerStatus, RunsStatus, StatusView
from opsbook.web.waiting import WaitingItem, Waitings

_MOST = 1_000
"""Alerts, silences: a page that shows more helps nobody."""
_MOST_INCIDENTS = 100
_SOON = 1.0
"""Seconds between two readings of runs that go on: not all that they do is written down."""
_LATER = 15.0
"""Of what the ledger tells of: then only time itself can change it, such as what is overdue."""


def make_hub(
    view: StatusView,
    kpis: Kpis,
    alerting: Alerting,
    incidents: Incidents,
    runbooks: Runbooks | None,
    waitings: Waitings,
    engine: Engine,
    bus: Bus,
    clock: Clock,
) -> Hub:
    """All topics of a platform, in one hub. `runbooks` is None where there is nothing to run."""
    platform = Topic("platform", lambda: {"now": view}, _platform, written=True)
    checks, services = _checks(view), _services(view, clock)
    alerts, drills = _alerts(alerting, clock), _drills(view)

    def written() -> int:
        """Whatever is read aside is written down when it changes."""
        return view.ledger.written

    latest = LatestRuns(runbooks, engine, written) if runbooks else None
    runs = ReadAside("runs", latest.read, _SOON) if latest else None
    unclosed = ReadAside("incidents", lambda: _unclosed(engine), _LATER)
    waiting = ReadAside("what waits for people", lambda: _waiting(waitings), _LATER)
    counted = ReadAside("counts", lambda: _refreshed(view), _LATER)
    sets = ReadAside("backups", lambda: _known_backups(view), _LATER)

    def check_changed(event: CheckChanged) -> None:
        checks.touch(event.check)
        platform.touch()

    def service_changed(event: ServiceEvent) -> None:
        services.touch(event.service)
        if keeper := view.services.keepers.get(event.service):
            for check in keeper.checks:
                checks.touch(check)
        platform.touch()

    def incident_changed(event: IncidentEvent) -> None:
        unclosed.nudge()
        waiting.nudge()

    def alert_changed(event: AlertFired | AlertResolved) -> None:
        alerts.touch(event.alert.fingerprint)
        platform.touch()

    def drill_ended(event: DrillEnded) -> None:
        drills.touch()
        platform.touch()

    return Hub(
        [
            platform,
            services,
            checks,
            Topic("kpis", lambda: kpis.kpis, kpi_view, _kpi_mark),
            alerts,
            _silences(alerting, clock),
            _incidents(incidents, unclosed),
            Topic("runs", lambda: runs.things if runs else {}, run_status, _itself),
            drills,
            Topic("backups", lambda: sets.things, lambda each: set_view(each, view.backups)),
            Topic("waiting", lambda: waiting.things, _itself, _itself),
            Topic(
                "ledger",
                lambda: {"now": view.ledger},
                lambda each: LedgerNow(written=each.written),
                lambda each: each.written,
            ),
        ],
        [
            Ear(OutcomeTaken, lambda event: checks.touch(event.check), at_once=False),
            Ear(CheckChanged, check_changed),
            Ear(ServiceEvent, service_changed),
            Ear(AlertFired, alert_changed),
            Ear(AlertResolved, alert_changed),
            Ear(DrillEnded, drill_ended),
            Ear(IncidentEvent, incident_changed),
        ],
        [counted, unclosed, waiting, sets, *([runs] if runs else [])],
        Following(runbooks.follow if runbooks else None),
        written,
        bus,
        clock,
    )


def _platform(view: StatusView) -> PlatformNow:
    alerting = view.alerting
    return PlatformNow(
        platform=view.platform,
        state=view.verdict().value,
        ledger=LedgerStatus(
            waiting=view.ledger.waiting, lost=view.ledger.lost, trouble=view.ledger.trouble
        ),
        metrics=view.metrics_status(),
        alerting=AlertingNow(
            alerts=alerting.alerts,
            silences=alerting.silences,
            undelivered=alerting.undelivered,
            refused=alerting.refused,
            trouble=alerting.trouble,
        ),
        runs=RunsStatus(stranded=list(view.runs.stranded), trouble=view.runs.trouble),
        hosts=view.host_statuses(),
        drills=view.drill_tiles(),
        backups=view.backup_tiles(),
        databases=view.database_tiles(),
    )


def _services(view: StatusView, clock: Clock) -> Topic[Keeper]:
    def mark(keeper: Keeper) -> Any:
        instance = keeper.instance.name if keeper.instance else None
        used = keeper.budget.used(clock.now())
        return keeper.state(), keeper.phase, keeper.since, keeper.message, instance, used

    return Topic("services", lambda: view.services.keepers, view.service, mark)


def _checks(view: StatusView) -> Topic[Check]:
    watch = view.watch
    maintained: dict[str | None, bool] = {}
    """Asked once for each service: windows take longer than all the rest."""

    def things() -> Mapping[str, Check]:
        maintained.clear()
        return watch.checks

    def mark(check: Check) -> Any:
        service = check.settings.service
        if service not in maintained:
            maintained[service] = watch.in_maintenance(service)
        cause = watch.cause(check) if check.state is not State.UP else None
        return check.outcome, check.state, check.since, check.flapping, maintained[service], cause

    return Topic("checks", things, view.check, mark, announced=True)


def _kpi_mark(kpi: Kpi) -> Any:
    return kpi.standing, kpi.evaluated_at


def _alerts(alerting: Alerting, clock: Clock) -> Topic[Alert]:
    def firing() -> Mapping[str, Alert]:
        now = clock.now()
        found = (each for each in alerting.board.alerts.values() if not each.resolved(now))
        first = heapq.nsmallest(_MOST, found, key=lambda each: each.starts_at)
        return {each.fingerprint: each for each in first}

    def mark(alert: Alert) -> Any:
        """Not when it was last heard of: it is repeated all the time."""
        acknowledged = alerting.acknowledgements.get(alert.fingerprint)
        muting, setup = alerting.muting(alert), id(alerting.setup)
        return alert.annotations, alert.starts_at, muting, acknowledged, setup

    return Topic("alerts", firing, lambda alert: alert_view(alerting, alert), mark, written=True)


def _silences(alerting: Alerting, clock: Clock) -> Topic[Silence]:
    def held() -> Mapping[str, Silence]:
        now = clock.now()
        found = (each for each in alerting.silences if each.state(now) != "expired")
        return {each.id: each for each in islice(found, _MOST)}

    return Topic(
        "silences",
        held,
        lambda silence: silence_view(silence, clock.now()),
        lambda silence: (silence, silence.state(clock.now())),
        written=True,
    )


def _drills(view: StatusView) -> Topic[Standing]:
    def all_of_them() -> Mapping[str, Standing]:
        return {each.drill: each for each in view.drills.standings()}

    return Topic("drills", all_of_them, drill_view, written=True)


def _incidents(incidents: Incidents, unclosed: ReadAside[Incident]) -> Topic[Incident]:
    def known() -> Mapping[str, Incident] | None:
        """In memory they are newer; those that recovered long ago are in the database only."""
        if unclosed.things is None:
            return None
        found = {**unclosed.things, **{each.id: each for each in incidents.watched}}
        closed = IncidentState.CLOSED
        return {number: each for number, each in found.items() if each.state is not closed}

    return Topic("incidents", known, lambda incident: incident_view(incidents, incident))


async def _unclosed(engine: Engine) -> Mapping[str, Incident]:
    states = [each.value for each in IncidentState if each is not IncidentState.CLOSED]
    found = await asyncio.to_thread(store.load_latest, engine, _MOST_INCIDENTS, states)
    return {each.id: each for each in found}


async def _waiting(waitings: Waitings) -> Mapping[str, WaitingItem]:
    return {each.key: each for each in await waitings.items()}


async def _refreshed(view: StatusView) -> Mapping[str, None]:
    """Nothing to be shown by itself: the platform's item says it."""
    await view.refresh()
    return {}


async def _known_backups(view: StatusView) -> Mapping[str, Any]:
    await view.backups.refresh()
    return {each.set: each for each in view.backups.standings()}


def _itself(thing: Any) -> Any:
    return thing
