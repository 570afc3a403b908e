"""Every page, as people see it who do not see, and as it is on a small screen.

Source: WCAG 2.2 AA, as axe-core knows it.
"""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser import DESKTOP, PHONE, Opens

_ROOT = Path(__file__).parents[2]
_AXE = _ROOT / "console/node_modules/axe-core/axe.min.js"
_SMALLEST = (320, 640)
_GRAVE = ("serious", "critical")
_THINGS = {
    "services/:name": "services/inference-pool",
    "incidents/:number": "incidents/INC-20260101-000000",
    "runbooks/:name": "runbooks/emergency-response",
    "runs/:number": "runs/none",
    "dashboards/:uid": "dashboards/helixflow",
    "backups/:name": "backups/requests",
}
"""For the page of a thing, one that is there; for two of them, one that is not."""


def paths() -> list[str]:
    """All of them, from the list that the console itself has."""
    source = (_ROOT / "console/src/pages.ts").read_text()
    found = re.findall(r'^  page\("([^"]*)"', source, re.MULTILINE)
    return [_THINGS.get(path, path) for path in found]


def grave_problems(page: Page) -> list[str]:
    page.evaluate(_AXE.read_text())
    found: dict[str, Any] = page.evaluate("() => axe.run()")
    return [
        f"{each['id']}: {each['nodes'][0]['html']} {each['nodes'][0]['failureSummary']}"
        for each in found["violations"]
        if each["impact"] in _GRAVE
    ]


def settled(page: Page) -> Page:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    return page


@pytest.mark.parametrize("path", paths())
def test_nothing_serious_is_wrong_with_a_page(opens: Opens, path: str) -> None:
    for size in (DESKTOP, PHONE):
        for dark in (False, True):
            assert grave_problems(settled(opens(path, size=size, dark=dark))) == []


@pytest.mark.parametrize("path", paths())
def test_a_small_screen_is_not_scrolled_sideways(opens: Opens, path: str) -> None:
    page = settled(opens(path, size=_SMALLEST))
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0, f"{wider} px wider than the screen"


def test_a_problem_would_be_found(opens: Opens) -> None:
    page = settled(opens())
    page.evaluate("document.querySelector('main').innerHTML = '<img src=\"x.png\"><input>'")
    assert {each.split(":")[0] for each in grave_problems(page)} >= {"image-alt", "label"}
