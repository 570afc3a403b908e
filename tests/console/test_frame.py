"""What surrounds every page: where to go, by key and by word, and whether what is seen is true."""

import json
import os
import signal

import pytest
from playwright.sync_api import expect

from opsbook.state.people import Role
from tests.console.acting import kill, pid_of
from tests.console.api import get
from tests.console.browser import DESKTOP, PHONE, Opens
from tests.console.stand import Stand


def test_the_navigation_leads_to_each_page(opens: Opens) -> None:
    page = opens()
    for name in page.get_by_role("navigation").get_by_role("link").all_inner_texts():
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name.split("\n")[0])


def test_two_keys_go_to_a_page_and_nothing_happens_while_somebody_types(opens: Opens) -> None:
    page = opens()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ledger")
    page.get_by_label("subject").focus()
    page.keyboard.type("ga")
    expect(page.get_by_role("heading", level=1)).to_have_text("Ledger")


def test_a_search_finds_a_service_by_key_alone(opens: Opens) -> None:
    page = opens()
    expect(page.get_by_role("heading", name="inference-pool", exact=True)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("service infer")
    expect(page.get_by_role("option")).to_have_text("service inference-pool")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("inference-pool")


def test_the_first_tab_leads_past_the_navigation(opens: Opens) -> None:
    page = opens("ledger")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.evaluate("document.activeElement.blur()")
    page.get_by_role("link", name="To the content").focus()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_killed_service_is_another_one_on_the_open_page(opens: Opens, platform: Stand) -> None:
    page = opens("services/monitoring")
    before = get(platform, "services/monitoring")["instance"]
    expect(page.get_by_text(before)).to_be_visible()
    kill(platform, "monitoring")
    expect(page.get_by_text(before)).to_have_count(0)
    expect(page.locator(".page-head .state")).to_have_text("up", timeout=30_000)
    after = get(platform, "services/monitoring")
    assert (after["state"], after["instance"] != before) == ("up", True)
    expect(page.get_by_text(after["instance"])).to_be_visible()


_NOTE_STATES = """
window.states = new Set();
new MutationObserver(() => {
  const state = document.querySelector(".page-head .state");
  if (state) window.states.add(state.innerText);
}).observe(document, {childList: true, subtree: true, characterData: true});
"""


@pytest.mark.timeout(200)
def test_a_service_that_hangs_goes_down_and_comes_back_on_the_open_page(
    opens: Opens, platform: Stand
) -> None:
    page = opens("services/auth-service")
    state = page.locator(".page-head .state")
    expect(state).to_have_text("up")
    before = get(platform, "services/auth-service")["instance"]
    expect(page.get_by_text(before)).to_be_visible()
    page.evaluate(_NOTE_STATES)
    os.kill(pid_of(platform, "auth-service"), signal.SIGSTOP)
    expect(page.get_by_text(before)).to_have_count(0, timeout=90_000)
    expect(state).to_have_text("up", timeout=30_000)
    assert get(platform, "services/auth-service")["state"] == "up"
    assert set(page.evaluate("[...window.states]")) - {"up"}, "it was never seen in trouble"


def test_a_page_that_hears_nothing_says_so_until_it_does(opens: Opens, platform: Stand) -> None:
    page = opens()
    expect(page.locator(".tile").first).to_be_visible()
    pid = json.loads((platform.data / "running.json").read_text())["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        expect(page.get_by_text("This page is stale")).to_be_visible(timeout=15_000)
    finally:
        os.kill(pid, signal.SIGCONT)
    expect(page.get_by_text("This page is stale")).to_have_count(0, timeout=15_000)


def test_a_moment_is_told_in_the_viewers_zone_with_utc_at_hand(
    opens: Opens, platform: Stand
) -> None:
    """The browser of the tests is in Berlin."""
    (newest,) = get(platform, "ledger", limit="1", kind="watch.started")["entries"]
    page = opens("ledger?kind=watch.started")
    shown = page.get_by_role("row").nth(1).locator("time")
    expect(shown).to_have_attribute("title", newest["at"].replace("T", " ")[:19] + " UTC")
    hour = (int(newest["at"][11:13]) + 1) % 24
    expect(shown).to_contain_text(f"{hour:02}:{newest['at'][14:16]}")


def test_nobody_sees_buttons_that_would_be_refused(opens: Opens) -> None:
    page = opens("services/monitoring", role=None)
    expect(page.get_by_role("link", name="Sign in to act").first).to_be_visible()
    viewer = opens("services/monitoring", role=Role.VIEWER)
    expect(viewer.get_by_text("needs the role operator").first).to_be_visible()


def test_nothing_is_asked_of_other_machines(opens: Opens, platform: Stand) -> None:
    for size in (DESKTOP, PHONE):
        page = opens(size=size)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))  # noqa: B023 - called now
        page.reload()
        page.wait_for_load_state("networkidle")
        assert asked
        assert [url for url in asked if not url.startswith(platform.address)] == []
