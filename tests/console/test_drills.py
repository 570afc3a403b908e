"""The page of drills."""

from playwright.sync_api import expect

from opsbook.state.people import Role
from tests.console.api import get
from tests.console.browser import Opens
from tests.console.stand import Stand


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


def test_who_only_looks_has_nothing_to_run(opens: Opens) -> None:
    page = opens("drills", role=Role.VIEWER)
    expect(page.get_by_text("needs the role operator").first).to_be_visible()
    expect(page.get_by_role("button", name="Run workers-die")).to_have_count(0)
