"""The page of databases."""

from playwright.sync_api import expect

from tests.console.api import get
from tests.console.browser import Opens
from tests.console.stand import Stand


def test_the_figures_are_those_of_the_report(opens: Opens, platform: Stand) -> None:
    page = opens("databases")
    report = get(platform, "databases/requests/report")
    table = page.get_by_role("region", name="Figures")
    for figure in report["figures"]:
        expect(table).to_contain_text(figure["meaning"])


def test_maintenance_is_shown_before_and_done_after_a_reason(opens: Opens, platform: Stand) -> None:
    page = opens("databases")
    expect(page.get_by_text("Nothing has been changed.")).to_be_visible()
    page.get_by_role("button", name="Do it").click()
    page.get_by_label("Why").fill("it is Sunday")
    page.get_by_role("dialog").get_by_role("button", name="Do it").click()
    expect(page.get_by_text("it is Sunday")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Last maintenance")).to_contain_text("done")
    assert get(platform, "databases/requests/maintenance")["done"]
