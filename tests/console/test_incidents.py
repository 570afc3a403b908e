"""The pages of incidents."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

from opsbook.state.people import Role
from tests.console.alarm import firing
from tests.console.api import get, post
from tests.console.browser import Opens
from tests.console.stand import Stand

GATE = "open-the-gate"


def close(platform: Stand, number: str, resolution: str) -> None:
    """Whatever still says that it has not recovered."""
    body = {"resolution": resolution, "unrecovered": True}
    post(platform, f"incidents/{number}/close", body)


@contextmanager
def incident(platform: Stand, title: str, *services: str) -> Iterator[str]:
    """The number of an open one; closed with the block, if nobody has closed it."""
    opened = post(
        platform, "incidents", {"title": title, "severity": "high", "services": [*services]}
    )
    number = opened["id"]
    try:
        yield number
    finally:
        if get(platform, f"incidents/{number}")["state"] != "closed":
            close(platform, number, "over")


def said(page: Page, title: str) -> Locator:
    """What entries of one sort say in the timeline."""
    items = page.get_by_role("listitem").filter(has=page.get_by_text(title, exact=True))
    return items.locator(".timeline-said")


def fill_in(page: Page, button: str, field: str, text: str, doing: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()
    page.get_by_role("dialog").get_by_label(field).fill(text)
    page.get_by_role("dialog").get_by_role("button", name=doing, exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_incident_opened_on_one_page_appears_in_the_list_on_another(
    opens: Opens, platform: Stand
) -> None:
    listed, page = opens("incidents", role=Role.VIEWER), opens("incidents")
    page.get_by_role("button", name="Open an incident").click()
    page.get_by_label("What is wrong").fill("Customers wait")
    page.get_by_label("Severity").select_option("high")
    page.get_by_role("checkbox", name="api-gateway", exact=True).check()
    page.get_by_role("dialog").get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Customers wait")
    number = page.url.rpartition("/")[2]
    known = get(platform, f"incidents/{number}")
    assert (known["severity"], known["services"]) == ("high", ["api-gateway"])
    row = listed.get_by_role("region", name="Open incidents").get_by_role("row")
    expect(row.filter(has_text="Customers wait")).to_contain_text("high")
    close(platform, number, "they do not")
    expect(listed.get_by_text("Customers wait")).to_have_count(0)
    listed.get_by_role("link", name="Closed").click()
    expect(listed.get_by_role("link", name="Customers wait")).to_be_visible()


def test_measures_are_what_the_api_measures_and_what_was_not_is_said_so(
    opens: Opens, platform: Stand
) -> None:
    page = opens("incidents")
    measures = page.get_by_role("region", name="Measures")
    expect(measures).to_contain_text("MTTR")
    known = get(platform, "incidents/measures")
    nothing = [name for name, value in known.items() if value is None]
    expect(measures.get_by_text("not measured")).to_have_count(len(nothing))


def test_what_people_do_stands_in_the_timeline_without_reload(
    opens: Opens, platform: Stand
) -> None:
    with incident(platform, "It is slow", "monitoring") as number:
        other, page = opens(f"incidents/{number}", role=Role.VIEWER), opens(f"incidents/{number}")
        fill_in(page, "Acknowledge", "Note", "I look", "Acknowledge")
        fill_in(page, "Remark", "Text", "the disk is full", "Add")
        fill_in(page, "Status update", "How it stands", "half of it is back", "Tell")
        for each in (page, other):
            expect(each.locator(".page-head")).to_contain_text("acknowledged")
            expect(said(each, "Acknowledgement")).to_have_text("acknowledged: I look")
            expect(said(each, "Remark").first).to_have_text("the disk is full")
            expect(said(each, "Remark").last).to_contain_text("half of it is back")
            expect(said(each, "Notice").first).to_contain_text("L1 was paged: ada")
            expect(said(each, "Notice").nth(1)).to_contain_text("was told")
        assert get(platform, f"incidents/{number}")["owner"] == "operator"


def test_an_incident_says_who_is_paged_next_and_what_is_missing(
    opens: Opens, platform: Stand
) -> None:
    with incident(platform, "It is away", "monitoring") as number:
        page = opens(f"incidents/{number}")
        stands = page.get_by_role("region", name="How it stands")
        known = get(platform, f"incidents/{number}")
        expect(stands).to_contain_text(known["missing"][-1])
        expect(stands).to_contain_text("nobody has it")
        expect(stands).to_contain_text("Missing for recovery")


def test_a_run_for_an_incident_is_approved_there_and_its_output_is_live(
    opens: Opens, platform: Stand
) -> None:
    with incident(platform, "The gate is shut") as number:
        page = opens(f"incidents/{number}", role=Role.APPROVER)
        wanted = {"why": "open it", "confirm": GATE, "incident": number}
        run = post(platform, f"runbooks/{GATE}/runs", wanted)["id"]
        expect(page.get_by_text("waits for a person")).to_be_visible()
        expect(page.get_by_role("log")).to_contain_text("open waits")
        fill_in(page, "Approve", "Why", "it is time", "Approve")
        expect(page.get_by_role("log")).to_contain_text("opening")
        expect(said(page, "Verification")).to_contain_text("succeeded", timeout=10_000)
        expect(page.get_by_text("waits for a person")).to_have_count(0)
        expect(page.get_by_text("approved: it is time")).to_be_visible()
        assert get(platform, f"runs/{run}")["state"] == "succeeded"


def test_what_has_not_recovered_is_closed_only_with_consent(opens: Opens, platform: Stand) -> None:
    page = opens("incidents")
    with firing(platform, "LinkDown", severity="critical"):
        page.get_by_role("link", name="LinkDown is the case").click()
        page.get_by_role("button", name="Close", exact=True).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Resolution").fill("replaced by another")
        dialog.get_by_label("Lessons").fill("watch its disk")
        dialog.get_by_role("button", name="Close").click()
        expect(dialog.get_by_role("alert")).to_contain_text("has not recovered")
        dialog.get_by_label("Close it though").check()
        dialog.get_by_role("button", name="Close").click()
        expect(page.locator(".page-head")).to_contain_text("closed")
        number = page.url.rpartition("/")[2]
        known = get(platform, f"incidents/{number}")
        assert (known["resolution"], known["lessons"]) == ("replaced by another", "watch its disk")
        expect(page.get_by_role("region", name="How it stands")).to_contain_text("watch its disk")
