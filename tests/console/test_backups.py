"""The pages of backups."""

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


def test_pruning_first_shows_what_would_go(opens: Opens) -> None:
    page = opens("backups/requests")
    page.get_by_role("button", name="Prune").click()
    expect(page.get_by_role("dialog")).to_contain_text("Nothing would be removed")
