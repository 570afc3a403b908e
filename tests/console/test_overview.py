"""The overview: one verdict on top, and a tile for each thing."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.console.acting import heal, hurt, kill
from tests.console.api import get, post
from tests.console.browser import DESKTOP, Opens
from tests.console.stand import Stand

_FIRST_TILE_MILLISECONDS = 200
_READ_ASIDE = 20_000
"""Milliseconds: a database that is slow is read less often."""
_WATCH_FIRST_TILE = """
window.stateAt = window.tileAt = null;
window.WebSocket = class extends WebSocket {
  constructor(...all) {
    super(...all);
    this.addEventListener("message", (event) => {
      if (event.data.includes('"state"')) window.stateAt ??= performance.now();
    });
  }
};
new MutationObserver(() => {
  if (document.querySelector(".tile h3")) window.tileAt ??= performance.now();
}).observe(document, { childList: true, subtree: true });
"""


def tile(page: Page, name: str) -> Locator:
    """Of a service, a KPI or a backup."""
    heading = page.get_by_role("heading", name=name, exact=True, level=3)
    return page.get_by_role("listitem").filter(has=heading)


def services(platform: Stand) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(platform, "status")["services"]
    return found


def test_each_service_has_a_tile_with_its_state(opens: Opens, platform: Stand) -> None:
    page = opens()
    for service in services(platform):
        expect(tile(page, service["name"])).to_contain_text(service["state"])
        left, used = service["restarts_left"], service["restarts"]
        expect(tile(page, service["name"])).to_contain_text(f"{left} of {left + used} restarts")


def test_the_first_screen_shows_all_services(opens: Opens, platform: Stand) -> None:
    page = opens()
    for service in services(platform):
        expect(tile(page, service["name"]).get_by_role("group")).to_be_visible()
        box = tile(page, service["name"]).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= DESKTOP[1]


def test_the_verdict_says_that_all_is_well(opens: Opens, platform: Stand) -> None:
    page = opens()
    count = len(services(platform))
    expect(page.get_by_text(f"All {count} services are up", exact=False)).to_be_visible()


def test_a_condition_that_fails_is_told_with_its_value(opens: Opens, platform: Stand) -> None:
    page = opens()
    expect(tile(page, "auth-service")).to_contain_text("up")
    hurt(platform, "auth-service", "slow:400ms")
    try:
        expect(tile(page, "auth-service")).to_contain_text("degraded", timeout=20_000)
        expect(tile(page, "auth-service")).to_contain_text("ms, at most 200 ms")
        expect(page.locator(".verdict")).to_contain_text("at most 200 ms")
        first = page.get_by_role("region", name="Services").get_by_role("heading", level=3).first
        assert first.inner_text() in {
            each["name"] for each in services(platform) if each["state"] != "up"
        }
    finally:
        heal(platform, "auth-service")
    expect(tile(page, "auth-service").locator("header")).to_contain_text("up", timeout=20_000)


def test_a_death_takes_a_restart_and_the_newest_bar_tells_its_cause(
    opens: Opens, platform: Stand
) -> None:
    page = opens()
    expect(tile(page, "monitoring")).to_contain_text("3 of 3 restarts left")
    kill(platform, "monitoring")
    expect(tile(page, "monitoring")).to_contain_text("2 of 3 restarts left", timeout=15_000)
    expect(tile(page, "monitoring").locator("header")).to_contain_text("up", timeout=20_000)
    newest = tile(page, "monitoring").get_by_role("group").get_by_role("button").last
    expect(newest).to_have_accessible_name(re.compile("(?<!up)$"))
    newest.click()
    history = get(platform, "services/monitoring/history")
    entry = history["bars"][-1]["causes"][0]["entry"]
    link = page.get_by_role("dialog").get_by_role("link", name=f"entry {entry}", exact=True)
    expect(link).to_have_attribute("href", f"/ledger?seq={entry}")


def test_bars_are_reached_by_keys(opens: Opens) -> None:
    page = opens()
    bars = tile(page, "auth-service").get_by_role("group").get_by_role("button")
    bars.last.focus()
    page.keyboard.press("ArrowLeft")
    expect(bars.nth(-2)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="auth-service")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_time_that_is_chosen_stays_in_the_address(opens: Opens, platform: Stand) -> None:
    page = opens()
    page.get_by_role("button", name="30 d").click()
    expect(page).to_have_url(f"{platform.address}/?days=30")
    page.reload()
    expect(tile(page, "auth-service")).to_contain_text("30 d:")


def test_the_bars_of_all_services_are_asked_for_at_once(opens: Opens) -> None:
    page = opens("ledger")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("link", name="Overview").click()
    expect(tile(page, "monitoring").get_by_role("group")).to_be_visible()
    assert [each.split("/api/")[1] for each in asked if "history" in each] == ["history?days=1"]


def test_the_first_tile_is_there_soon_after_the_state(opens: Opens) -> None:
    page = opens()
    page.add_init_script(_WATCH_FIRST_TILE)
    page.reload()
    expect(tile(page, "monitoring")).to_be_visible()
    state, first = page.evaluate("[stateAt, tileAt]")
    assert first - state < _FIRST_TILE_MILLISECONDS


def test_checks_without_a_service_have_a_tile_of_their_own(opens: Opens, platform: Stand) -> None:
    page = opens()
    for check in get(platform, "status")["checks"]:
        if check["service"] is None:
            expect(tile(page, "Other checks")).to_contain_text(check["name"])


def test_kpis_show_value_and_target(opens: Opens, platform: Stand) -> None:
    page = opens()
    for kpi in get(platform, "kpis")["kpis"]:
        expect(tile(page, kpi["name"])).to_contain_text(f"target {kpi['target']}")
        expect(tile(page, kpi["name"])).to_contain_text(kpi["state"].replace("_", " "))


def test_a_backup_tells_the_restore_that_was_proved(opens: Opens, platform: Stand) -> None:
    page = opens()
    for each in get(platform, "backups")["sets"]:
        said = "restore proved" if each["proved_at"] else "no restore was ever proved"
        expect(tile(page, each["name"])).to_contain_text(said)


def test_what_waits_for_somebody_appears_and_goes(opens: Opens, platform: Stand) -> None:
    page = opens()
    opened = post(platform, "incidents", {"title": "It is slow", "severity": "critical"})
    link = page.get_by_role("link", name="critical: It is slow")
    expect(link).to_have_attribute("href", f"/incidents/{opened['id']}", timeout=_READ_ASIDE)
    closing = {"resolution": "it was nothing", "unrecovered": True}
    post(platform, f"incidents/{opened['id']}/close", closing)
    expect(link).to_have_count(0, timeout=_READ_ASIDE)
