"""The ledger's page, beside the API."""

import pytest
from playwright.sync_api import expect

from opsbook.state.people import Role
from tests.console.api import get
from tests.console.browser import Opens
from tests.console.stand import Stand


def entries(platform: Stand, **query: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = get(platform, "ledger", **query)["entries"]
    return found


def test_the_newest_entry_comes_first(opens: Opens, platform: Stand) -> None:
    page = opens("ledger?kind=service.started")
    rows = page.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("service.started")
    newest = entries(platform, kind="service.started")[0]
    expect(rows.nth(1)).to_contain_text(str(newest["subject"]))


def test_a_filter_leaves_only_what_it_asks_for(opens: Opens, platform: Stand) -> None:
    page = opens("ledger")
    expect(page.locator("tbody tr").first).to_be_visible()
    page.get_by_label("subject").fill("inference-pool")
    page.get_by_role("button", name="Filter").click()
    wanted = entries(platform, subject="inference-pool")
    expect(page.locator("tbody tr")).to_have_count(len(wanted))


def test_an_entry_that_is_pointed_to_is_open(opens: Opens, platform: Stand) -> None:
    first = entries(platform, kind="service.started")[-1]
    page = opens(f"ledger?seq={first['seq']}")
    expect(page.get_by_role("button", name=f"entry {first['seq']}")).to_have_attribute(
        "aria-expanded", "true"
    )
    expect(page.get_by_text(f"hash {first['hash']}")).to_be_visible()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ADMIN])
def test_the_chain_is_verified_on_a_click(opens: Opens, role: Role) -> None:
    page = opens("ledger", role=role)
    page.get_by_role("button", name="Verify the chain").click()
    expect(page.get_by_text("all as they were written")).to_be_visible()


def test_nothing_found_is_said(opens: Opens) -> None:
    page = opens("ledger?kind=no.such")
    expect(page.get_by_text("Nothing of the kind is recorded.")).to_be_visible()
