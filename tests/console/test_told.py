"""Pages that show what is not live ask for it when they are told that there is something new."""

from playwright.sync_api import Page, expect

from tests.console.api import get, post
from tests.console.browser import Opens
from tests.console.stand import Stand
from tests.console.test_incidents import incident, said

_WHILE = 6_000
"""Milliseconds: three times as long as the page of an incident once waited before it asked."""


def entries(platform: Stand) -> int:
    (newest,) = get(platform, "ledger", limit="1")["entries"]
    return int(newest["seq"])


def asked_of(page: Page, path: str) -> list[str]:
    """What the page asks for from now on."""
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if path in request.url else None)
    return found


def test_an_incidents_page_asks_no_more_often_than_something_happens(
    opens: Opens, platform: Stand
) -> None:
    with incident(platform, "It is odd") as number:
        page = opens(f"incidents/{number}")
        expect(said(page, "Notice").first).to_contain_text("L1 was paged: ada")
        page.wait_for_load_state("networkidle")
        before, asked = entries(platform), asked_of(page, f"api/incidents/{number}")
        page.wait_for_timeout(_WHILE)
        assert len(asked) <= entries(platform) - before
        post(platform, f"incidents/{number}/note", {"text": "it is even"})
        expect(said(page, "Remark").first).to_have_text("it is even")
        assert asked


def test_a_runs_page_asks_no_more_often_than_something_happens(
    opens: Opens, platform: Stand
) -> None:
    gate = "open-the-gate"
    wanted = {"parameters": {}, "why": "to wait", "confirm": gate}
    number = post(platform, f"runbooks/{gate}/runs", wanted)["id"]
    page = opens(f"runs/{number}")
    expect(page.get_by_text("waits for an approval").first).to_be_visible()
    page.wait_for_timeout(2_000)
    before, asked = entries(platform), asked_of(page, f"api/runs/{number}")
    page.wait_for_timeout(_WHILE)
    assert len(asked) <= entries(platform) - before
    post(platform, f"runs/{number}/cancellation", {"why": "enough"})
    expect(page.locator(".page-head")).to_contain_text("cancelled", timeout=5_000)
    assert asked
