"""Prometheus tells Opsbook of alerts as it tells Alertmanager, and people hear the same."""

import json
import time
from pathlib import Path
from typing import Any

from tests.alerts.notifiers.catcher import catching
from tests.eventually import eventually
from tests.live.ground import (
    alertmanager,
    amtool,
    last_posts,
    opsbook,
    prometheus,
    told_of_an_end,
)


def rule(name: str, expression: str, **labels: str) -> dict[str, Any]:
    return {"alert": name, "expr": expression, "labels": labels}


async def test_an_alert_of_prometheus_is_told_and_its_end_too(tmp_path: Path) -> None:
    async with catching() as hook, opsbook(tmp_path / "opsbook", hook.url) as platform:
        fires = rule("Fires", f"vector(time()) < {time.time() + 8}", severity="critical")
        async with prometheus(tmp_path / "prometheus", [fires], platform.app.web.address):
            await eventually(lambda: hook.caught, 30)
            first = hook.caught[0].json()
            assert (first["status"], first["receiver"], first["version"]) == ("firing", "hook", "4")
            assert first["commonLabels"] == {"alertname": "Fires", "severity": "critical"}
            await eventually(lambda: hook.caught[-1].json()["status"] == "resolved", 40)
            last = hook.caught[-1].json()
    assert last["alerts"][0]["fingerprint"] == first["alerts"][0]["fingerprint"]
    assert last["alerts"][0]["startsAt"] == first["alerts"][0]["startsAt"]
    assert len(hook.caught) == 2


async def test_people_hear_what_alertmanager_would_have_told_them(tmp_path: Path) -> None:
    """Three alerts in two groups; one of them ends, one is silenced and then is not."""
    async with (
        catching() as ours,
        catching() as theirs,
        opsbook(tmp_path / "opsbook", ours.url) as platform,
        alertmanager(tmp_path / "alertmanager", theirs.url) as other,
    ):
        address = platform.app.web.address
        silence = ["silence", "add", "alertname=Quiet", "-a", "ada", "-c", "known", "-d", "1h"]
        silences = {each: (await amtool(each, *silence)).strip() for each in (address, other)}
        rules = [
            rule("Down", "vector(1)", instance="a"),
            rule("Down", f"vector(time()) < {time.time() + 15}", instance="b"),
            rule("Quiet", "vector(1)", instance="c"),
        ]
        async with prometheus(tmp_path / "prometheus", rules, address, other):
            await eventually(lambda: all(map(told_of_an_end, (ours, theirs))), 90)
            for each, number in silences.items():
                await amtool(each, "silence", "expire", number)
            await eventually(lambda: all(len(last_posts(each)) == 2 for each in (ours, theirs)), 60)
    # What came between depends on when each looked; what people know in the end does not.
    assert last_posts(ours) == last_posts(theirs)
    assert set(last_posts(ours)) == {'{"alertname": "Down"}', '{"alertname": "Quiet"}'}


async def test_amtool_works_by_the_configuration_in_force(tmp_path: Path) -> None:
    async with catching() as hook, opsbook(tmp_path / "opsbook", hook.url) as platform:
        address = platform.app.web.address
        test = ["config", "routes", "test"]
        assert (await amtool(address, *test, "alertname=A")).strip() == "hook"
        assert (await amtool(address, *test, "team=nobody")).strip() == "nobody"
        assert 'team="nobody"' in await amtool(address, "config", "routes", "show")
        shown = await amtool(address, "config", "show")
        assert "group_interval: 2s" in shown
        (tmp_path / "shown.yml").write_text(shown)
        checked = await amtool(address, "check-config", str(tmp_path / "shown.yml"))
        assert "SUCCESS" in checked


async def test_amtool_sees_an_alert_and_what_silences_it(tmp_path: Path) -> None:
    async with catching() as hook, opsbook(tmp_path / "opsbook", hook.url) as platform:
        address = platform.app.web.address
        await amtool(address, "alert", "add", "alertname=A", "host=h", "--annotation=summary=s")
        (found,) = json.loads(await amtool(address, "alert", "query", "-o", "json"))
        assert found["receivers"] == [{"name": "hook"}]
        silence = ["silence", "add", "host=~h.*", "-a", "ada", "-c", "known"]
        number = (await amtool(address, *silence)).strip()
        assert await amtool(address, "alert", "query", "-o", "json") in ("[]\n", "null\n", "")
        (found,) = json.loads(await amtool(address, "alert", "query", "--silenced", "-o", "json"))
        assert found["status"]["silencedBy"] == [number]
