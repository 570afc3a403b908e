"""Alerts of checks."""

from opsbook.alerts.model import Alert
from opsbook.alerts.rules.checks import CheckAlerts
from opsbook.alerts.rules.settings import AlertRulesSettings
from opsbook.core.labels import labels_of
from opsbook.probes.model import State
from tests.alerts.rules.platform import NOW, ORIGIN, Platform, check


def alerts(platform: Platform, **severities: str) -> CheckAlerts:
    wanted = severities or AlertRulesSettings().checks
    return CheckAlerts(
        platform.watch,
        platform.bus,
        {State(state): severity for state, severity in wanted.items()},
        platform.send,
        platform.clock,
        ORIGIN,
    )


def known(name: str, of: str) -> Alert:
    labels = labels_of({"alertname": name, "check": of, "severity": "critical"})
    url = ORIGIN.of_check(of)
    return Alert(labels, (), NOW - 600, NOW + 300, NOW - 10, generator_url=url)


async def test_a_check_that_fails_is_told_at_once_and_so_is_its_end() -> None:
    platform = Platform(check("api", description="people cannot log in"))
    alerts(platform)
    await platform.find("api", State.DOWN, "refused")
    (alert,) = platform.sent
    assert dict(alert.labels) == {"alertname": "CheckDown", "check": "api", "severity": "critical"}
    assert dict(alert.annotations) == {
        "summary": "api is down: refused",
        "description": "people cannot log in",
    }
    assert (alert.starts_at, alert.ends_at) == (NOW, NOW + 240)
    platform.new()
    await platform.find("api", State.UP)
    assert platform.new() == [("CheckDown", "api", False)]


async def test_each_state_is_an_alert_of_its_own() -> None:
    platform = Platform(check("api"))
    alerts(platform)
    await platform.find("api", State.DEGRADED)
    await platform.find("api", State.DOWN)
    assert platform.new() == [
        ("CheckDegraded", "api", True),
        ("CheckDegraded", "api", False),
        ("CheckDown", "api", True),
    ]


async def test_what_lasts_is_told_again_each_minute() -> None:
    platform = Platform(check("api"))
    checks = alerts(platform)
    await platform.find("api", State.DOWN)
    platform.new()
    for _ in range(11):
        platform.clock.advance(5)
        checks.tick()
    assert platform.new() == []
    platform.clock.advance(5)
    checks.tick()
    assert platform.new() == [("CheckDown", "api", True)]


async def test_a_check_that_cannot_find_out_is_told_though_it_never_changed() -> None:
    platform = Platform(check("api"))
    checks = alerts(platform)
    checks.tick()
    assert platform.new() == []
    await platform.find("api", State.UNKNOWN)
    checks.tick()
    assert platform.new() == [("CheckUnknown", "api", True)]


async def test_a_late_check_says_nothing_that_was_found_before() -> None:
    platform = Platform(check("api"))
    checks = alerts(platform)
    await platform.find("api", State.UP, "all is well")
    platform.watch.checks["api"].miss(NOW)
    checks.tick()
    (alert,) = platform.sent
    assert dict(alert.annotations) == {"summary": "api is late"}


async def test_states_without_a_severity_raise_nothing() -> None:
    platform = Platform(check("api"))
    alerts(platform, down="page")
    await platform.find("api", State.DEGRADED)
    assert platform.new() == []
    await platform.find("api", State.DOWN)
    assert dict(platform.sent[0].labels)["severity"] == "page"


async def test_its_cause_is_said_as_soon_as_it_is_known() -> None:
    platform = Platform(check("host"), check("api", "host"))
    checks = alerts(platform)
    await platform.find("host", State.UP)
    await platform.find("api", State.DOWN)
    await platform.find("host", State.DOWN)
    platform.new()
    checks.tick()
    (alert,) = platform.sent
    assert dict(alert.annotations)["cause"] == "host"


async def test_alerts_of_an_earlier_life_are_answered_for() -> None:
    platform = Platform(check("api"), check("db"), check("web"))
    checks = alerts(platform)
    of_rule = Alert(labels_of({"alertname": "CheckDown"}), (), NOW, NOW + 300, NOW)
    checks.adopt([*(known("CheckDown", of) for of in ("api", "db", "web", "gone")), of_rule])
    await platform.find("api", State.UP)
    await platform.find("db", State.DOWN)
    platform.new()
    checks.tick()
    assert platform.new() == [("CheckDown", "api", False), ("CheckDown", "gone", False)]
    platform.clock.advance(190)
    checks.tick()
    assert platform.new() == [("CheckDown", "db", True), ("CheckDown", "web", True)]
