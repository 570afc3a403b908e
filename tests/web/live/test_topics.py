"""What pages are told of everything that a platform has."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opsbook.alerts.model import Alert
from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.alerts.silences import Silence
from opsbook.core.labels import labels_of
from opsbook.runbooks.model import Request
from opsbook.state.people import Person, Role
from tests.eventually import eventually
from tests.services.platform import Platform, watched
from tests.web.live.tab import OpenTab, a_tab

ADA = Person("ada", Role.OPERATOR)


def book_of(directory: Path, **sections: Any) -> Path:
    book = {"platform": {"name": "still"}, **sections}
    file = directory / "book.yaml"
    file.write_text(json.dumps(book))
    return file


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[Platform]:
    async with watched(book_of(tmp_path), tmp_path / "data") as platform:
        yield platform


async def until(tab: OpenTab, topic: str, holds: Any, within: float = 5) -> dict[str, Any]:
    """The topic as soon as that holds of it."""
    async with asyncio.timeout(within):
        while not holds(tab.topics.get(topic, {})):
            await tab.hear(within)
    return tab.topics[topic]


async def test_an_alert_its_silence_and_its_end_are_told(platform: Platform) -> None:
    alerting, now = platform.app.alerts.delivery, platform.app.clock.now()
    async with a_tab(platform.app.web.address) as tab:
        await tab.hear()
        labels = labels_of({"alertname": "Full", "disk": "sda"})
        await alerting.put([Alert(labels, (), now, now + 600, now)])
        shown = await until(tab, "alerts", bool, within=3)
        assert [each["name"] for each in shown.values()] == ["Full"]
        matchers = parse_matchers("disk=sda")
        made = await alerting.silence(Silence(matchers, now, now + 60, "ada", "known"), "ada")
        await until(tab, "silences", lambda items: items.keys() == {made.id}, within=3)
        silenced = lambda items: all(each["silenced_by"] for each in items.values())  # noqa: E731 - said once
        await until(tab, "alerts", silenced, within=3)
        await alerting.expire(made.id, "ada")
        await until(tab, "silences", lambda items: not items, within=3)
        end = platform.app.clock.now()
        await alerting.put([Alert(labels, (), now, end, end)])
        await until(tab, "alerts", lambda items: not items, within=3)


async def test_an_incident_is_told_and_what_it_waits_for(platform: Platform) -> None:
    incidents = platform.app.incidents
    async with a_tab(platform.app.web.address) as tab:
        await tab.hear()
        severity = next(iter(incidents.settings.severities))
        made = await incidents.open("it burns", severity, "ada")
        await until(tab, "incidents", lambda items: made.id in items, within=3)
        waiting = await until(tab, "waiting", bool, within=3)
        assert [each["kind"] for each in waiting.values()] == ["acknowledgement"]
        await incidents.close(made.id, "ada", "put out", unrecovered=True)
        await until(tab, "incidents", lambda items: not items, within=3)
        await until(tab, "waiting", lambda items: not items, within=3)


async def test_that_there_is_something_new_in_the_ledger_is_told(platform: Platform) -> None:
    ledger = platform.app.ledger
    async with a_tab(platform.app.web.address) as tab:
        await tab.hear()
        before = ledger.written
        assert tab.topics["ledger"]["now"] == {"written": before}
        await ledger.record("test.happened", "nothing")
        more = lambda items: items["now"]["written"] > before  # noqa: E731 - said once
        await until(tab, "ledger", more, within=3)


async def test_a_run_is_told_and_its_lines_come_once(tmp_path: Path) -> None:
    script = "for i in 1 2 3; do echo line $i; sleep 0.3; done"
    step = {"command": {"argv": ["sh", "-c", script]}, "class": 0}
    book = book_of(tmp_path, runbooks={"count": {"steps": [step]}})
    async with watched(book, tmp_path / "data") as platform:
        runs, runbooks, address = platform.app.runs, platform.app.runbooks, platform.app.web.address
        assert runs is not None
        assert runbooks is not None
        await asyncio.wait_for(runs.opened.wait(), 30)
        async with a_tab(address) as tab:
            await tab.hear()
            run = await runbooks.request(Request("count", ADA, "to see"))
            await until(tab, "runs", lambda items: run in items, within=3)
            await tab.say(follow=[run])
            first = await tab.until(lambda message: message["kind"] == "line", within=20)
        position = first["line"]["position"]
        async with a_tab(address, known=tab, follow=[run], lines={run: position}) as back:
            await back.until(lambda message: message["kind"] == "ended", within=20)
            ended = lambda items: items[run]["state"] == "succeeded"  # noqa: E731 - said once
            await until(back, "runs", ended, within=5)
        messages = [first, *map(json.loads, back.texts)]
        lines = [each["line"] for each in messages if each["kind"] == "line"]
        assert [each["position"] for each in lines] == list(range(1, len(lines) + 1))
        output = [each["text"] for each in lines if each["kind"] == "output"]
        assert output == ["line 1", "line 2", "line 3"]
        await eventually(lambda: not platform.app.front.live.following._tasks)


async def test_a_storm_of_alerts_is_told_up_to_a_bound(platform: Platform) -> None:
    now = platform.app.clock.now()
    made = [
        Alert(labels_of({"alertname": "Full", "disk": f"{n}"}), (), now - n, now + 600, now)
        for n in range(1_200)
    ]
    await platform.app.alerts.delivery.put(made)
    async with a_tab(platform.app.web.address) as tab:
        await tab.hear(within=10)
        oldest = await until(tab, "alerts", lambda items: len(items) == 1_000, within=10)
        assert made[-1].fingerprint in oldest
