"""What need not be told."""

from dataclasses import replace
from typing import Any

from opsbook.alerts.model import Alert
from opsbook.alerts.rules.suppression import Suppression
from opsbook.core.labels import labels_of
from opsbook.probes.maintenance import Maintenance
from opsbook.probes.model import State
from tests.alerts.rules.platform import NOW, ORIGIN, Platform, check


def alert(**labels: str) -> Alert:
    url = ORIGIN.of_expression("up")
    whole = labels_of({"alertname": "A", **labels})
    return Alert(whole, (), NOW, NOW + 240, NOW, generator_url=url)


def suppression(platform: Platform) -> Suppression:
    return Suppression(platform.watch, platform.clock, ORIGIN)


def work(*services: str) -> Maintenance:
    begin, end = "2023-11-14T22:00:00Z", "2023-11-14T23:00:00Z"
    settings: dict[str, Any] = {"reason": "new disk", "begin": begin, "end": end}
    return Maintenance.model_validate({**settings, "services": list(services)})


async def test_one_host_that_is_down_is_told_and_thirty_behind_it_are_not() -> None:
    behind = [check(f"c{number}", "host") for number in range(30)]
    platform = Platform(check("host"), *behind)
    reasons = suppression(platform)
    await platform.find("host", State.DOWN)
    for each in behind:
        await platform.find(each.name, State.DOWN)
    assert reasons(alert(check="host")) == ""
    assert {reasons(alert(check=each.name)) for each in behind} == {"behind host"}
    await platform.find("host", State.UP)
    assert {reasons(alert(check=each.name)) for each in behind} == {""}


async def test_the_cause_is_the_one_furthest_up() -> None:
    platform = Platform(check("power"), check("host", "power"), check("api", "host"))
    for name in ("power", "host", "api"):
        await platform.find(name, State.DOWN)
    assert suppression(platform)(alert(check="api")) == "behind power"


def test_maintenance_of_a_service_is_that_of_its_alerts() -> None:
    platform = Platform(check("api", service="api"), maintenance=(work("api"),))
    reasons = suppression(platform)
    assert reasons(alert(check="api")) == "maintenance of api"
    assert reasons(alert(service="api")) == "maintenance of api"
    assert reasons(alert(service="db")) == ""
    assert reasons(alert()) == ""
    platform.clock.advance(3600)
    assert reasons(replace(alert(check="api"), ends_at=NOW + 9999)) == ""


def test_maintenance_of_everything_is_that_of_all_that_we_raise() -> None:
    reasons = suppression(Platform(maintenance=(work(),)))
    assert reasons(alert()) == "maintenance"
    assert reasons(replace(alert(), generator_url="http://other/graph?g0.expr=up")) == ""


async def test_an_end_is_told_to_whoever_heard_of_the_beginning() -> None:
    platform = Platform(check("host"), check("api", "host"))
    await platform.find("host", State.DOWN)
    assert suppression(platform)(replace(alert(check="api"), ends_at=NOW)) == ""


def test_what_somebody_does_to_a_service_on_purpose_is_told_as_the_reason() -> None:
    platform = Platform(check("api", service="api"))
    reasons = suppression(platform)
    platform.watch.cover("api", "stopped by ada: new rack")
    assert reasons(alert(check="api")) == "stopped by ada: new rack"
    assert reasons(alert(service="api")) == "stopped by ada: new rack"
    assert reasons(alert(service="db")) == ""
    assert reasons(alert()) == ""
    platform.watch.uncover("api")
    assert reasons(alert(check="api")) == ""
