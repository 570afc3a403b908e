"""The page of alerts: what fires, silences, what was, and who was told."""

import asyncio
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from playwright.sync_api import Locator, Page, expect

from opsbook.state.people import Role
from tests.console.alarm import firing
from tests.console.api import get
from tests.console.browser import Opens
from tests.console.stand import Stand
from tests.console.until import until
from tests.live.ground import amtool

SOON = 10_000
"""Milliseconds for what a check has to see first."""


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem", name=name, exact=True)


def silenced(platform: Stand) -> list[dict[str, Any]]:
    """As another program finds them."""
    with ThreadPoolExecutor(1) as other:  # the browser's loop runs in this thread
        asked = amtool(platform.address, "silence", "query", "-o", "json")
        found: list[dict[str, Any]] = json.loads(other.submit(asyncio.run, asked).result())
    return found


def _pid(platform: Stand, service: str) -> int:
    found = get(platform, f"services/{service}")
    return int(found["instance"].removeprefix("pid ")) if found["state"] == "up" else 0


def test_an_alert_of_a_killed_service_appears_and_goes_without_reload(
    opens: Opens, platform: Stand
) -> None:
    page = opens("alerts")
    found = card(page, "CheckDown").filter(has_text="monitoring-health is down")
    expect(page.get_by_role("heading", name="Alerts")).to_be_visible()
    expect(found).to_have_count(0)
    first = _pid(platform, "monitoring")
    os.kill(first, 9)
    until(lambda: _pid(platform, "monitoring") not in (0, first))
    os.kill(_pid(platform, "monitoring"), 9)  # the second restart waits for some seconds
    expect(found).to_be_visible(timeout=SOON)
    expect(found).to_contain_text("critical")
    expect(found).to_be_hidden(timeout=2 * SOON)
    checks = [each["labels"].get("check") for each in get(platform, "alerts")]
    assert "monitoring-health" not in checks


def test_alerts_are_in_the_groups_that_the_api_tells(opens: Opens, platform: Stand) -> None:
    page = opens("alerts")
    with firing(platform, "DiskSlow", severity="warning"):
        expect(card(page, "DiskSlow")).to_contain_text("DiskSlow is the case")
        groups = get(platform, "v2/alerts/groups")
        (group,) = [each for each in groups if each["labels"]["alertname"] == "DiskSlow"]
        shown = page.get_by_role("heading", level=2).filter(has_text="DiskSlow")
        expect(shown).to_have_text(f'To {group["receiver"]["name"]}alertname="DiskSlow"')
    expect(card(page, "DiskSlow")).to_be_hidden()


def test_a_silence_made_on_the_page_is_seen_by_amtool(opens: Opens, platform: Stand) -> None:
    page = opens("alerts")
    with firing(platform, "DiskSlow", severity="warning", disk='the "old" one'):
        page.get_by_role("button", name="Silence DiskSlow").click()
        page.get_by_label("How long").select_option("for 4 h")
        page.get_by_label("Why").fill("it is replaced on Monday")
        page.get_by_role("dialog").get_by_role("button", name="Silence").click()
        expect(card(page, "DiskSlow")).to_contain_text("Silenced by operator")
        (found,) = silenced(platform)
        assert found["createdBy"] == "operator"
        assert found["comment"] == "it is replaced on Monday"
        matchers = {each["name"]: each["value"] for each in found["matchers"]}
        assert matchers["disk"] == 'the "old" one'
        lasts = datetime.fromisoformat(found["endsAt"]) - datetime.fromisoformat(found["startsAt"])
        assert abs(lasts - timedelta(hours=4)) < timedelta(seconds=1)
        _end_the_silence(page)
        assert silenced(platform) == []
        page.get_by_role("link", name="Firing").click()
        expect(card(page, "DiskSlow")).not_to_contain_text("Silenced by")


def test_a_silence_until_resolved_says_that_it_goes_with_the_alert(
    opens: Opens, platform: Stand
) -> None:
    """It outlasts the alert by five minutes, which `tests/alerts` waits for with its own clock."""
    page = opens("alerts")
    with firing(platform, "DiskSlow", severity="warning", disk="sdb"):
        page.get_by_role("button", name="Silence DiskSlow").click()
        page.get_by_label("How long").select_option("until resolved")
        page.get_by_label("Why").fill("it is replaced on Monday")
        page.get_by_role("dialog").get_by_role("button", name="Silence").click()
        expect(card(page, "DiskSlow")).to_contain_text("until it has ended")
        (found,) = silenced(platform)
        assert found["comment"] == "it is replaced on Monday"
        (known,) = [each for each in get(platform, "silences") if each["state"] == "active"]
        assert (known["id"], known["ends_at"]) == (found["id"], None)
    expect(card(page, "DiskSlow")).to_have_count(0)
    assert [each["id"] for each in silenced(platform)] == [known["id"]]
    page.get_by_role("link", name="Silences").click()
    held = page.get_by_role("region", name="Silences that hold")
    expect(held).to_contain_text("5 min after what it silences has ended")
    _end_the_silence(page)


def _end_the_silence(page: Page) -> None:
    page.get_by_role("link", name="Silences").click()
    held = page.get_by_role("region", name="Silences that hold").get_by_role("row")
    expect(held.nth(1)).to_contain_text("operator: it is replaced on Monday")
    page.get_by_role("button", name=re.compile("^End .* now$")).click()
    page.get_by_role("dialog").get_by_role("button", name="End now").click()
    expect(page.get_by_text("Nothing is silenced.")).to_be_visible()
    expect(page.get_by_role("region", name="Expired silences")).to_contain_text("Monday")


def test_a_silence_with_wrong_matchers_is_refused_in_the_servers_words(
    opens: Opens,
) -> None:
    page = opens("alerts?tab=silences")
    page.get_by_role("button", name="New silence").click()
    page.get_by_label("Matchers").fill("service=")
    page.get_by_label("Why").fill("no reason")
    page.get_by_role("dialog").get_by_role("button", name="Silence").click()
    said = "at least one matcher must not match the empty string"
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text(said)


def test_an_acknowledged_alert_says_who_has_it_on_every_page(opens: Opens, platform: Stand) -> None:
    mine, other = opens("alerts"), opens("alerts", role=Role.VIEWER)
    with firing(platform, "DiskSlow"):
        mine.get_by_role("button", name="Acknowledge DiskSlow").click()
        mine.get_by_label("Why").fill("a disk is on its way")
        mine.get_by_label("Who has it").fill("grace")
        mine.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
        for page in (mine, other):
            expect(card(page, "DiskSlow")).to_contain_text("Acknowledged by operator")
            expect(card(page, "DiskSlow")).to_contain_text("grace has it")
        (alert,) = [each for each in get(platform, "alerts") if each["name"] == "DiskSlow"]
        assert alert["acknowledged"]["why"] == "a disk is on its way"
        expect(other.get_by_role("button", name="Acknowledge DiskSlow")).to_have_count(0)


def test_the_filter_is_in_the_address(opens: Opens, platform: Stand) -> None:
    with firing(platform, "DiskSlow", disk="a"), firing(platform, "LinkDown"):
        page = opens("alerts")
        page.get_by_label("Filter").fill('disk="a"')
        expect(card(page, "LinkDown")).to_be_hidden()
        expect(card(page, "DiskSlow")).to_be_visible()
        again = opens(page.url.removeprefix(f"{platform.address}/"))
        expect(card(again, "DiskSlow")).to_be_visible()
        expect(card(again, "LinkDown")).to_be_hidden()


def test_an_alert_that_has_ended_comes_into_the_history(opens: Opens, platform: Stand) -> None:
    page = opens("alerts?tab=history&text=WasDown")
    with firing(platform, "WasDown"):
        expect(page.get_by_role("row").filter(has_text="WasDown")).to_have_count(0)
    until(lambda: len(get(platform, "alerts/history", name="WasDown")) == 1)
    expect(page.get_by_role("row").filter(has_text="WasDown")).to_have_count(1, timeout=SOON)


def test_who_was_told_and_what_came_of_it_is_as_the_api_says(opens: Opens, platform: Stand) -> None:
    page = opens("alerts?tab=notices&text=LostLink")
    with firing(platform, "LostLink"):
        row = page.get_by_role("row").filter(has_text="LostLink")
        expect(row.filter(has_text="firing, 1 alert")).to_contain_text("sent", timeout=SOON)
    told = [each for each in get(platform, "notices") if "LostLink" in each["group"]]
    assert (told[-1]["receiver"], told[-1]["status"]) == ("team", "sent")
