"""Dashboards of Grafana on the console's pages."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import opsbook.platforms
from tests.console.browser import PHONE, Opens
from tests.console.measured import asked, send, send_past
from tests.console.stand import Stand
from tests.metrics.remote.messages import series

_MANUALS = Path(opsbook.platforms.__file__).parent / "dashboards"
PANELS = {
    str(content["uid"]): [panel["title"] for panel in content["panels"]]
    for file in sorted(_MANUALS.glob("*.json"))
    for read in [json.loads(file.read_text())]
    for content in [read.get("dashboard", read)]
}


@pytest.fixture(autouse=True, scope="module")
def manuals(platform: Stand) -> Iterator[None]:
    """The manuals' dashboards beside the book, and what they ask for."""
    put = [Path(shutil.copy(each, _place(platform))) for each in _MANUALS.glob("*.json")]
    send_past(platform)
    yield
    for each in put:
        each.unlink()


def test_the_list_names_each_dashboard_of_the_book(opens: Opens) -> None:
    page = opens("dashboards")
    for title in ("HelixFlow", "Memory System Monitoring", "VisionFlow Operations Dashboard"):
        expect(page.get_by_role("link", name=title, exact=True)).to_be_visible()


@pytest.mark.parametrize("uid", PANELS)
def test_each_panel_of_the_manuals_shows_what_was_measured(opens: Opens, uid: str) -> None:
    page = opens(f"dashboards/{uid}")
    for title in PANELS[uid]:
        shown = _panel(page, title)
        expect(shown.locator("li, .chart-plot, canvas").first).to_be_visible()
        expect(shown.get_by_text(re.compile("No series|No values|not understood"))).to_have_count(0)


def test_a_stat_tells_the_number_that_the_api_tells(opens: Opens, platform: Stand) -> None:
    [(_, agents)] = asked(platform, "visionflow_active_agents")
    overview = _panel(opens("dashboards/visionflow-operations"), "System Overview")
    item = overview.get_by_role("listitem").filter(has_text="Active Agents")
    expect(item.locator("strong")).to_have_text(f"{agents:g}")


def test_a_threshold_is_told_in_a_word_and_changes_without_a_reload(
    opens: Opens, platform: Stand
) -> None:
    page = opens("dashboards/consciousness-overview?refresh=1s")
    gauge = _panel(page, "Memory System Stability")
    expect(gauge).to_contain_text("98.50 %")
    expect(gauge).to_contain_text("critical")
    send(platform, series("memory_stability_ratio", layer="working"), 0.9951)
    expect(gauge).to_contain_text("99.51 %")
    expect(gauge).to_contain_text("good")


def test_a_variable_that_is_chosen_narrows_the_panels(opens: Opens, platform: Stand) -> None:
    page = opens("dashboards/helixflow?from=now-5m")
    services = {labels["service"] for labels, _ in asked(platform, "process_start_time_seconds")}
    page.get_by_text("Service: All").click()
    boxes = page.get_by_role("group", name="Service").get_by_role("checkbox")
    expect(boxes).to_have_count(len(services) + 1)
    page.get_by_role("checkbox", name="auth-service").check()
    memory = _panel(page, "Memory").get_by_role("listitem")
    expect(memory).to_have_count(1)
    expect(memory).to_contain_text("auth-service")
    assert "var-service=auth-service" in page.url


def test_what_is_not_understood_is_named_on_its_panel(opens: Opens, platform: Stand) -> None:
    panel = {"title": "Pie", "type": "piechart", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8}}
    merged = {
        **panel,
        "title": "Merged",
        "type": "table",
        "targets": [{"expr": "up", "instant": True}],
        "transformations": [{"id": "merge"}],
    }
    with _dashboard(platform, panels=[panel, merged]):
        page = opens("dashboards/own")
        expect(_panel(page, "Pie")).to_contain_text("not understood: type piechart")
        expect(_panel(page, "Merged")).to_contain_text("not understood: transformations.merge")
        page.goto(f"{platform.address}/dashboards")
        expect(page.get_by_text("panels[0].type: this type of panel")).to_be_visible()


def test_a_table_has_a_row_for_each_series(opens: Opens, platform: Stand) -> None:
    found = asked(platform, "sum by (service, code) (api_requests_total)")
    rows = _panel(opens("dashboards/helixflow"), "Answers by code").locator("tbody tr")
    expect(rows).to_have_count(len(found))


def test_words_of_a_panel_are_no_markup_of_the_page(opens: Opens, platform: Stand) -> None:
    content = "<img src=x onerror=document.title='taken'> **strong**"
    panel = {"title": "Words", "type": "text", "options": {"content": content}}
    with _dashboard(platform, panels=[panel]):
        page = opens("dashboards/own")
        expect(_panel(page, "Words").locator("strong")).to_have_text("strong")
        expect(_panel(page, "Words").locator("img")).to_have_count(0)


def test_a_file_that_is_no_dashboard_is_in_the_list_with_the_reason(
    opens: Opens, platform: Stand
) -> None:
    file = _place(platform) / "broken.json"
    file.write_text("{")
    try:
        page = opens("dashboards")
        expect(page.get_by_text("not JSON")).to_be_visible()
    finally:
        file.unlink()


@pytest.mark.parametrize("width", [320, PHONE[0]])
def test_on_a_phone_the_panels_stand_below_each_other(opens: Opens, width: int) -> None:
    page = opens("dashboards/helixflow", size=(width, 740))
    expect(_panel(page, "Memory").get_by_role("listitem").first).to_be_visible()
    lefts = page.locator(".board-panel").evaluate_all("all => all.map(e => e.offsetLeft)")
    assert len(set(lefts)) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def _panel(page: Page, title: str) -> Any:
    return page.get_by_role("region", name=title, exact=True)


def _place(stand: Stand) -> Path:
    return stand.home / "dashboards"


@contextmanager
def _dashboard(stand: Stand, **content: Any) -> Iterator[None]:
    """A dashboard `own` in the book for as long as the block goes on."""
    file = _place(stand) / "own.json"
    file.write_text(json.dumps({"uid": "own", "title": "Own", **content}))
    try:
        yield
    finally:
        file.unlink()
