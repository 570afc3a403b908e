"""The page of drills."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from opsbook.state.people import Role
from tests.console.api import get, post
from tests.console.browser import Opens
from tests.console.stand import Stand
from tests.console.until import until


def test_each_drill_stands_as_the_api_says(opens: Opens, platform: Stand) -> None:
    page = opens("drills")
    for drill in get(platform, "drills")["drills"]:
        card = page.get_by_role("listitem").filter(
            has=page.get_by_role("heading", name=drill["name"], exact=True)
        )
        expect(card).to_contain_text(drill["state"])


def test_a_drill_that_is_run_is_proved_on_the_open_page(opens: Opens, platform: Stand) -> None:
    page = opens("drills")
    page.get_by_role("button", name="Run workers-die").click()
    page.get_by_label("Why").fill("to see that it works")
    page.get_by_role("dialog").get_by_role("button", name="Run").click()
    card = page.locator("#workers-die")
    expect(card.locator("header")).to_contain_text("proved", timeout=60_000)
    (drill,) = [each for each in get(platform, "drills")["drills"] if each["name"] == "workers-die"]
    expect(card).to_contain_text(f"asked by {drill['evidence']['asked_by']}")


def run_drill(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Run {name}").click()
    page.get_by_label("Why").fill("to see that it works")
    page.get_by_role("dialog").get_by_role("button", name="Run").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def drill_of(platform: Stand, name: str) -> dict[str, Any]:
    listed: list[dict[str, Any]] = get(platform, "drills")["drills"]
    (found,) = [each for each in listed if each["name"] == name]
    return found


def tile(page: Page, name: str) -> Locator:
    """Its tile on the overview."""
    return (
        page.get_by_role("region", name="Drills")
        .get_by_role("listitem")
        .filter(has=page.get_by_role("link", name=name, exact=True))
    )


def test_a_drill_that_failed_says_what_nobody_saw(opens: Opens, platform: Stand) -> None:
    page, overview = opens("drills"), opens()
    run_drill(page, "nobody-notices")
    card = page.locator("#nobody-notices")
    expect(card.locator("header")).to_contain_text("failed", timeout=30_000)
    expect(card).to_have_class(re.compile("tone-edge-down"))
    drill = drill_of(platform, "nobody-notices")
    assert drill["state"] == "failed"
    assert drill["evidence"]["detect_seconds"] is None
    expect(card.locator(".phases div").first).to_have_text("detectednot seen")
    for missed in drill["evidence"]["missed"]:
        expect(card).to_contain_text(missed)
        expect(tile(overview, "nobody-notices")).to_contain_text(missed)
    expect(tile(overview, "nobody-notices")).to_contain_text("failed")
    expect(page.locator("ul.tiles > li").first).to_have_id("nobody-notices")


def test_a_drill_that_was_proved_too_long_ago_is_overdue(opens: Opens, platform: Stand) -> None:
    page, overview = opens("drills"), opens()
    run_drill(page, "soon-again")
    card = page.locator("#soon-again")
    expect(card.locator("header")).to_contain_text("proved", timeout=30_000)
    expect(card).to_have_class(re.compile("tone-edge-up"))
    expect(card.locator("header")).to_contain_text("overdue", timeout=30_000)
    expect(card).to_have_class(re.compile("tone-edge-late"))
    expect(tile(overview, "soon-again")).to_contain_text("was due")
    drill = drill_of(platform, "soon-again")
    assert (drill["state"], drill["evidence"]["missed"]) == ("overdue", [])


def test_who_only_looks_has_nothing_to_run(opens: Opens) -> None:
    page = opens("drills", role=Role.VIEWER)
    expect(page.get_by_text("needs the role operator").first).to_be_visible()
    expect(page.get_by_role("button", name="Run workers-die")).to_have_count(0)


def test_an_approver_comes_from_the_overview_to_the_drill_that_waits_and_approves_it(
    opens: Opens, platform: Stand
) -> None:
    run = post(platform, "drills/in-production/runs", {"why": "to see"})["id"]
    page = opens("", role=Role.APPROVER)
    page.get_by_role("link", name="wants to run the drill in-production").click()
    card = page.locator("#in-production")
    card.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(card).not_to_contain_text("Waits for a second person")
    until(lambda: get(platform, f"drills/in-production/runs/{run}")["state"] == "succeeded")
