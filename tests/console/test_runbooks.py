"""The pages of runbooks and their runs."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from opsbook.state.people import Role
from tests.console.api import get
from tests.console.browser import Opens
from tests.console.stand import Stand
from tests.console.until import until

GATE = "open-the-gate"


def asked_for(page: Page, why: str, note: str = "") -> str:
    """The number of a run of the runbook whose page it is, asked for with clicks."""
    if note:
        page.get_by_label("note").fill(note)
    page.get_by_role("button", name="Run now").click()
    page.get_by_label("Why").fill(why)
    page.get_by_label(f"Type {GATE} to confirm").fill(GATE)
    page.get_by_role("dialog").get_by_role("button", name="Run now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Run of {GATE}")
    return page.url.rpartition("/")[2]


def answer(page: Page, word: str, why: str) -> None:
    page.get_by_role("button", name=word).click()
    page.get_by_role("dialog").get_by_label("Why").fill(why)
    page.get_by_role("dialog").get_by_role("button", name=word).click()


@pytest.fixture(autouse=True)
def gate(platform: Stand) -> Path:
    """What a run makes, where commands of the book run."""
    place = platform.home / "gate"
    place.unlink(missing_ok=True)
    return place


def test_runbooks_are_listed_as_the_api_lists_them(opens: Opens, platform: Stand) -> None:
    rows = opens("runbooks").get_by_role("region", name="Runbooks").get_by_role("row")
    for each in get(platform, "runbooks"):
        row = rows.filter(has=rows.page.get_by_role("link", name=each["name"], exact=True))
        expect(row).to_contain_text(each["description"])
        proven = {True: "proven", False: "unproven", None: "none to prove"}[each["proven"]]
        expect(row).to_contain_text(proven)
        for step in each["unproven"]:
            expect(row).to_contain_text(step)


def test_a_run_is_released_by_an_approver_on_another_page_and_both_are_live(
    opens: Opens, platform: Stand, gate: Path
) -> None:
    mine = opens(f"runbooks/{GATE}")
    number = asked_for(mine, "the guests are here", note="two guests")
    expect(mine.get_by_text("waits for an approval").first).to_be_visible()
    expect(mine.get_by_text("needs the role approver")).to_be_visible()
    other = opens(f"runs/{number}", role=Role.APPROVER)
    expect(other.get_by_text("note=two guests")).to_be_visible()
    answer(other, "Approve", "I know them")
    for page in (mine, other):
        expect(page.get_by_role("log")).to_contain_text("opening")
        expect(page.locator(".page-head")).to_contain_text("succeeded", timeout=10_000)
        expect(page.get_by_role("log")).to_contain_text("open ends")
        expect(page.get_by_role("region", name="What it waits for")).to_have_count(0)
    assert gate.exists()
    run = get(platform, f"runs/{number}")
    assert (run["state"], run["steps"][0]["state"]) == ("succeeded", "done")
    expect(mine.get_by_role("region", name="Steps of the run")).to_contain_text("done")


def test_who_asked_cannot_approve_and_is_told_so_in_the_servers_words(
    opens: Opens, platform: Stand, gate: Path
) -> None:
    page = opens(f"runbooks/{GATE}", role=Role.APPROVER)
    number = asked_for(page, "I want in")
    answer(page, "Approve", "I say so")
    said = "approver asked for the run: a second person must approve it"
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text(f"run {number}: {said}")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    _cancel(page)
    expect(page.locator(".page-head")).to_contain_text("cancelled", timeout=10_000)
    assert get(platform, f"runs/{number}")["cancelled_by"] == "approver"
    assert not gate.exists()


def _cancel(page: Page) -> None:
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_label("Why").fill("not today")
    page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()


def test_a_refused_run_says_who_refused_it_and_why(
    opens: Opens, platform: Stand, gate: Path
) -> None:
    mine = opens(f"runbooks/{GATE}")
    number = asked_for(mine, "let me in")
    other = opens(f"runs/{number}", role=Role.APPROVER)
    answer(other, "Refuse", "strangers")
    for page in (mine, other):
        expect(page.locator(".page-head")).to_contain_text("failed", timeout=10_000)
        expect(page.get_by_role("region", name="About this run")).to_contain_text("strangers")
    assert not gate.exists()


def test_a_wrong_parameter_is_told_at_its_field_and_nothing_runs(
    opens: Opens, platform: Stand
) -> None:
    before = get(platform, "runs")
    page = opens("runbooks/scale-inference-pool")
    page.get_by_label("at_most").fill("99")
    page.get_by_label("calm_for").fill("soon")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator("#parameter-at_most-wrong")).to_have_text("at most 16")
    expect(page.locator("#parameter-calm_for-wrong")).to_contain_text("a number and a unit")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert get(platform, "runs") == before


def test_what_only_the_server_knows_to_be_wrong_is_told_at_its_field(opens: Opens) -> None:
    page = opens("runbooks/scale-inference-pool")
    page.get_by_label("calm_for").fill("1s")
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator("#parameter-calm_for-wrong")).to_contain_text("too small")


def test_a_dry_run_shows_before_and_after_and_changes_nothing(
    opens: Opens, platform: Stand
) -> None:
    page = opens("runbooks/scale-inference-pool")
    page.get_by_label("load").fill("vector(90)")
    page.get_by_role("button", name="Dry run").click()
    plan = page.get_by_role("region", name="What a run would do")
    steps = plan.get_by_role("listitem")
    more = steps.filter(has=page.get_by_role("heading", name=re.compile("^more ")))
    expect(more).to_contain_text("would run")
    expect(more.locator(".plan-before")).to_contain_text("before 4 run")
    expect(more.locator(".plan-after")).to_contain_text("after 6 run")
    expect(plan).to_contain_text("needs the role approver")
    assert workers(platform) == 4


def workers(platform: Stand) -> Any:
    checks = {each["name"]: each for each in get(platform, "status")["checks"]}
    return checks["inference-pool-health"]["measurements"]["workers"]


def test_a_plan_is_signed_by_an_approver(opens: Opens, platform: Stand) -> None:
    page = opens(f"runbooks/{GATE}", role=Role.APPROVER)
    page.get_by_label("note").fill("signed")
    page.get_by_role("button", name="Dry run").click()
    page.get_by_role("button", name="Sign").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign").click()
    expect(page.get_by_text("The plan is signed")).to_be_visible()
    (entry,) = get(platform, "ledger", kind="plan.signed")["entries"]
    digest = page.locator(".plan-signature code").get_attribute("title")
    assert (entry["subject"], entry["actor"]) == (digest, "approver")


def test_another_value_makes_the_plan_void(opens: Opens) -> None:
    page = opens(f"runbooks/{GATE}")
    page.get_by_role("button", name="Dry run").click()
    plan = page.get_by_role("region", name="What a run would do")
    expect(plan).to_be_visible()
    page.get_by_label("note").fill("else")
    expect(plan).to_have_count(0)


def test_a_run_that_failed_is_resumed_on_its_page(opens: Opens, platform: Stand) -> None:
    page = opens(f"runbooks/{GATE}")
    number = asked_for(page, "again")
    _cancel(page)
    expect(page.locator(".page-head")).to_contain_text("cancelled", timeout=10_000)
    page.get_by_role("button", name="Resume").click()
    page.get_by_role("dialog").get_by_label("Why").fill("it was a mistake")
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(page.get_by_text("waits for an approval").first).to_be_visible()
    assert get(platform, f"runs/{number}")["round"] == 1
    _cancel(page)
    until(lambda: get(platform, f"runs/{number}")["state"] == "cancelled")
