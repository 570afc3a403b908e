"""The pages of backups."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.console.api import get
from tests.console.browser import Opens
from tests.console.stand import Stand


def test_a_set_that_never_ran_says_so(opens: Opens) -> None:
    page = opens("backups")
    card = page.get_by_role("listitem").filter(has_text="configuration")
    expect(card).to_contain_text("never ran")
    expect(card).not_to_contain_text("failed")


def ask_for(page: Page, act: str) -> None:
    page.get_by_role("button", name=act).click()
    page.get_by_role("dialog").get_by_role("button", name=act).click()


def test_a_backup_is_made_and_its_restore_proved_on_the_page(opens: Opens, platform: Stand) -> None:
    page = opens("backups/requests")
    ask_for(page, "Back up now")
    expect(page.get_by_role("status").filter(has_text="succeeded")).to_be_visible(timeout=60_000)
    ask_for(page, "Prove a restore")
    expect(page.get_by_role("listitem").first).to_contain_text("(RTO)", timeout=60_000)
    (known,) = [each for each in get(platform, "backups")["sets"] if each["name"] == "requests"]
    assert known["proved_at"]
    (place,) = get(platform, "backups/requests")
    expect(page.get_by_role("row", name=place["copies"][0]["id"])).to_contain_text("good")


def set_of(platform: Stand, name: str) -> dict[str, Any]:
    listed: list[dict[str, Any]] = get(platform, "backups")["sets"]
    (found,) = [each for each in listed if each["name"] == name]
    return found


def test_a_restore_that_was_not_as_it_should_be_is_a_failure_everywhere(
    opens: Opens, platform: Stand
) -> None:
    page, listed, overview = opens("backups/doubtful"), opens("backups"), opens()
    ask_for(page, "Back up now")
    expect(page.get_by_role("status").filter(has_text="succeeded")).to_be_visible(timeout=60_000)
    card = page.get_by_role("listitem").first
    expect(card.locator("header")).to_contain_text("unproven")
    ask_for(page, "Prove a restore")
    expect(page.get_by_role("status").filter(has_text="failed")).to_be_visible(timeout=60_000)
    known = set_of(platform, "doubtful")
    assert (known["state"], known["proved_at"]) == ("failed", None)
    for each in (page, listed, overview):
        tile = each.locator("li.tile").filter(has_text=known["why"])
        expect(tile.locator("header")).to_contain_text("failed")
        expect(tile).to_have_class(re.compile("tone-edge-down"))
    expect(card).to_contain_text("restore provednever")


def test_a_proved_restore_is_on_each_page_with_its_times(opens: Opens, platform: Stand) -> None:
    listed, overview = opens("backups"), opens()
    page = opens("backups/requests")
    ask_for(page, "Back up now")
    expect(page.get_by_role("status").filter(has_text="succeeded")).to_be_visible(timeout=60_000)
    ask_for(page, "Prove a restore")
    for each in (listed, overview):
        tile = each.locator("li.tile").filter(has=each.get_by_role("link", name="requests"))
        tile = tile.filter(has_text="proved")
        expect(tile.locator("header")).to_contain_text("good", timeout=60_000)
        expect(tile).to_have_class(re.compile("tone-edge-up"))
        expect(tile.get_by_text("never")).to_have_count(0)
    known = set_of(platform, "requests")
    assert (known["state"], known["proof"]["rto_seconds"] > 0) == ("good", True)


def test_pruning_first_shows_what_would_go(opens: Opens) -> None:
    page = opens("backups/requests")
    page.get_by_role("button", name="Prune").click()
    expect(page.get_by_role("dialog")).to_contain_text("Nothing would be removed")
