"""The page in thumb's reach where two people are at it: what one does, the other one sees."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from opsbook.state.people import Role
from tests.console.acting import kill, pid_of, wait_for_another
from tests.console.alarm import firing
from tests.console.api import get, post
from tests.console.browser import PHONE, Opens
from tests.console.stand import Stand
from tests.console.until import until

_SOON = 30_000
DRILL = "in-production"


def card(page: Page, text: str) -> Locator:
    return page.get_by_role("article").filter(has_text=text)


def fate(page: Page) -> Locator:
    """What the open dialog says became of what it asks."""
    return page.get_by_role("dialog").get_by_role("status")


@contextmanager
def incident(platform: Stand, title: str) -> Iterator[str]:
    made = post(platform, "incidents", {"title": title, "severity": "critical"})
    try:
        yield made["id"]
    finally:
        if get(platform, f"incidents/{made['id']}")["state"] != "closed":
            closing = {"resolution": "it was nothing", "unrecovered": True}
            post(platform, f"incidents/{made['id']}/close", closing)


@pytest.fixture
def drill_run(platform: Stand) -> str:
    """The id of a run that waits for a second person."""
    run: str = post(platform, f"drills/{DRILL}/runs", {"why": "to see"})["id"]
    return run


def state_of(platform: Stand, run: str) -> str:
    return str(get(platform, f"drills/{DRILL}/runs/{run}")["state"])


def test_a_drill_in_production_is_approved(opens: Opens, platform: Stand, drill_run: str) -> None:
    page = opens("phone", role=Role.APPROVER, size=PHONE)
    asked = card(page, f"wants to run the drill {DRILL}")
    asked.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(asked).to_have_count(0, timeout=_SOON)
    until(lambda: state_of(platform, drill_run) == "succeeded")
    (known,) = [each for each in get(platform, "drills")["drills"] if each["name"] == DRILL]
    assert (known["evidence"]["run"], known["evidence"]["approved_by"]) == (drill_run, "approver")


def test_a_drill_in_production_is_refused_and_never_runs(
    opens: Opens, platform: Stand, drill_run: str
) -> None:
    page = opens("phone", role=Role.APPROVER, size=PHONE)
    asked = card(page, f"wants to run the drill {DRILL}")
    asked.get_by_role("button", name="Refuse").click()
    page.get_by_role("dialog").get_by_label("Why").fill("guests are here")
    page.get_by_role("dialog").get_by_role("button", name="Refuse").click()
    expect(asked).to_have_count(0, timeout=_SOON)
    run = get(platform, f"drills/{DRILL}/runs/{drill_run}")
    assert (run["state"], run["error"]) == ("refused", "refused by approver: guests are here")


def test_an_incident_that_somebody_else_took_says_who_and_keeps_what_was_typed(
    opens: Opens, platform: Stand
) -> None:
    page = opens("phone", size=PHONE)
    with incident(platform, "The queue is long") as number:
        card(page, "The queue is long").get_by_role("button", name="Acknowledge").click()
        page.get_by_role("dialog").get_by_label("Remark").fill("I am on the train")
        post(platform, f"incidents/{number}/ack", {"note": "I am there"}, Role.ADMIN)
        expect(fate(page)).to_have_text("admin acknowledged it: I am there")
        expect(card(page, "The queue is long")).to_have_count(0)
        expect(page.get_by_label("Remark")).to_have_value("I am on the train")
        assert get(platform, f"incidents/{number}")["owner"] == "admin"


def test_what_the_server_refuses_then_is_shown_beside_what_was_typed(
    opens: Opens, platform: Stand
) -> None:
    page = opens("phone", size=PHONE)
    with incident(platform, "The queue is empty") as number:
        card(page, "The queue is empty").get_by_role("button", name="Acknowledge").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Remark").fill("I look")
        closing = {"resolution": "as it should be", "unrecovered": True}
        post(platform, f"incidents/{number}/close", closing, Role.ADMIN)
        expect(fate(page)).to_have_text("admin closed it: as it should be")
        dialog.get_by_role("button", name="Acknowledge").click()
        expect(dialog.get_by_role("alert")).to_contain_text("closed")
        expect(dialog.get_by_label("Remark")).to_have_value("I look")


def test_an_alert_that_ends_while_it_is_silenced_says_so(opens: Opens, platform: Stand) -> None:
    page = opens("phone", size=PHONE)
    with firing(platform, "TooWarm", severity="warning"):
        page.get_by_role("button", name="Silence TooWarm for 4 h").click()
        page.get_by_role("dialog").get_by_label("Why").fill("a window is open")
        expect(fate(page)).to_have_text("")
    expect(fate(page)).to_have_text("The alert has ended")
    expect(page.get_by_label("Why")).to_have_value("a window is open")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    assert [each for each in get(platform, "silences") if each["state"] == "active"] == []


def test_an_alert_that_somebody_else_acknowledged_says_who(opens: Opens, platform: Stand) -> None:
    page = opens("phone", size=PHONE)
    with firing(platform, "TooCold", severity="warning"):
        asked = page.get_by_role("region", name="Waits for you").get_by_role("article")
        asked.filter(has_text="TooCold").get_by_role("button", name="Acknowledge").click()
        (alert,) = [each for each in get(platform, "alerts") if each["name"] == "TooCold"]
        taken = {"alerts": [alert["fingerprint"]], "why": "it is winter"}
        post(platform, "alerts/acknowledgements", taken, Role.ADMIN)
        expect(fate(page)).to_have_text("admin acknowledged it: it is winter")


def test_a_run_that_another_approved_says_who_and_a_second_approval_is_refused(
    opens: Opens, platform: Stand
) -> None:
    gate = "open-the-gate"
    asked = {"parameters": {}, "why": "to let them in", "confirm": gate}
    run = post(platform, f"runbooks/{gate}/runs", asked)["id"]
    page = opens("phone", role=Role.APPROVER, size=PHONE)
    page.get_by_role("button", name="Approve").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("it is time")
    post(platform, f"runs/{run}/approval", {"why": "I know them"}, Role.ADMIN)
    expect(fate(page)).to_have_text("admin approved it: I know them")
    dialog.get_by_role("button", name="Approve").click()
    expect(dialog.get_by_role("alert")).to_contain_text("admin answered already: approved")
    expect(dialog.get_by_label("Why")).to_have_value("it is time")
    until(lambda: get(platform, f"runs/{run}")["state"] == "succeeded")


def test_a_service_that_is_up_again_before_it_is_restarted_says_so(
    opens: Opens, platform: Stand
) -> None:
    page = opens("phone", size=PHONE)
    first = pid_of(platform, "monitoring")
    kill(platform, "monitoring")
    wait_for_another(platform, "monitoring", first)
    kill(platform, "monitoring")
    # Opsbook itself waits for some seconds before its second restart.
    page.get_by_role("button", name="Restart monitoring").click()
    page.get_by_role("dialog").get_by_label("Why").fill("it does not answer")
    expect(fate(page)).to_have_text("monitoring is up again", timeout=_SOON)
    expect(page.get_by_label("Why")).to_have_value("it does not answer")
