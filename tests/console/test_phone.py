"""The page in thumb's reach."""

from playwright.sync_api import Locator, Page, expect

from opsbook.state.people import Role
from tests.console.acting import kill, pid_of, wait_for_another
from tests.console.api import delete, get, post
from tests.console.browser import PHONE, Opens
from tests.console.stand import Stand

_SMALL = (320, 640)
_THUMB = 44
_SOON = 30_000


def card(page: Page, text: str) -> Locator:
    return page.get_by_role("article").filter(has_text=text)


def open_incident(platform: Stand, title: str) -> str:
    made: dict[str, str] = post(platform, "incidents", {"title": title, "severity": "critical"})
    return made["id"]


def close_incident(platform: Stand, number: str) -> None:
    closing = {"resolution": "it was nothing", "unrecovered": True}
    post(platform, f"incidents/{number}/close", closing)


def test_an_incident_is_acknowledged_with_one_hand(opens: Opens, platform: Stand) -> None:
    page = opens("phone", size=_SMALL)
    number = open_incident(platform, "Customers wait")
    try:
        card(page, "Customers wait").get_by_role("button", name="Acknowledge").click()
        page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
        expect(card(page, "Customers wait")).to_have_count(0)
        assert get(platform, f"incidents/{number}")["owner"] == "operator"
    finally:
        close_incident(platform, number)


def test_what_is_pressed_is_large_and_low(opens: Opens, platform: Stand) -> None:
    page = opens("phone", size=_SMALL)
    number = open_incident(platform, "Something is wrong")
    try:
        button = card(page, "Something is wrong").get_by_role("button", name="Acknowledge")
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= _THUMB
        assert box["y"] > _SMALL[1] / 2
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    finally:
        close_incident(platform, number)


def test_a_run_that_waits_is_approved(opens: Opens, platform: Stand) -> None:
    asked = {"parameters": {}, "why": "to let them in", "confirm": "open-the-gate"}
    run = post(platform, "runbooks/open-the-gate/runs", asked)["id"]
    page = opens("phone", role=Role.APPROVER, size=PHONE)
    page.get_by_role("button", name="Approve").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("it is time")
    dialog.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0, timeout=_SOON)
    assert get(platform, f"runs/{run}")["waiting"] is None


def test_an_alert_is_silenced_for_an_hour(opens: Opens, platform: Stand) -> None:
    page = opens("phone", size=PHONE)
    warm = {"labels": {"alertname": "TooWarm", "severity": "warning", "room": "cellar"}}
    post(platform, "v2/alerts", [warm])
    alert = card(page, "TooWarm").filter(has_text="Silence")
    alert.get_by_role("button", name="Silence TooWarm for 1 h").click()
    page.get_by_role("dialog").get_by_role("button", name="Silence").click()
    expect(alert).to_have_count(0)
    silence = get(platform, "silences")[0]
    assert "cellar" in silence["matchers"]
    assert silence["created_by"] == "operator"
    delete(platform, f"silences/{silence['id']}")
    post(platform, "v2/alerts", [{**warm, "endsAt": get(platform, "status")["at"]}])


def test_what_is_down_is_restarted_after_a_confirmation(opens: Opens, platform: Stand) -> None:
    page = opens("phone", size=PHONE)
    first = pid_of(platform, "monitoring")
    kill(platform, "monitoring")
    wait_for_another(platform, "monitoring", first)
    kill(platform, "monitoring")
    # Opsbook itself waits for some seconds before its second restart.
    page.get_by_role("button", name="Restart monitoring").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Restart monitoring").click()
    expect(page.get_by_text("monitoring was restarted")).to_be_visible(timeout=_SOON)
    expect(dialog).to_have_count(0)
    expect(card(page, "monitoring").filter(has_text="down")).to_have_count(0, timeout=_SOON)
    assert get(platform, "services/monitoring")["phase"] == "running"


def test_who_may_not_act_is_told_what_it_takes(opens: Opens, platform: Stand) -> None:
    number = open_incident(platform, "Only to look at")
    try:
        page = opens("phone", role=Role.VIEWER, size=PHONE)
        expect(card(page, "Only to look at")).to_contain_text("needs the role operator")
    finally:
        close_incident(platform, number)
