"""What people say to a run that is under way: how it goes on after a failure, and that it stops."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest
from playwright.sync_api import Page, expect

from tests.console.api import get, post
from tests.console.browser import Opens
from tests.console.stand import Stand
from tests.console.until import until

_SOON = 20_000
RETRY, SKIP = "Try the step again", "Go on without it"
ROLLBACK, STOP = "Take back what was done", "Stop here, as it is"


@pytest.fixture(autouse=True)
def home(platform: Stand) -> Iterator[Path]:
    """Where runs make their files; without any of them."""
    yield platform.home
    for name in ("hinge", "key", "bolt", "standing"):
        (platform.home / name).unlink(missing_ok=True)


@pytest.fixture
def asking(opens: Opens, platform: Stand) -> Page:
    """The page of a run whose second step has failed."""
    wanted = {"parameters": {}, "why": "it squeaks", "confirm": ""}
    number = post(platform, "runbooks/mend-the-gate/runs", wanted)["id"]
    page = opens(f"runs/{number}")
    expect(page.get_by_text("Somebody must decide how it goes on")).to_be_visible(timeout=_SOON)
    return page


def number_of(page: Page) -> str:
    return page.url.rpartition("/")[2]


def decide(page: Page, choice: str) -> None:
    page.get_by_role("button", name=choice).click()
    page.get_by_role("dialog").get_by_label("Why").fill("I looked")
    page.get_by_role("dialog").get_by_role("button", name=choice).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def ended(platform: Stand, page: Page, word: str) -> dict[str, Any]:
    """The run, once the page says that it has ended so; and both agree on each step."""
    expect(page.locator(".page-head")).to_contain_text(word, timeout=_SOON)
    expect(page.get_by_role("region", name="What it waits for")).to_have_count(0)
    run: dict[str, Any] = get(platform, f"runs/{number_of(page)}")
    for step in run["steps"]:
        row = page.get_by_role("row").filter(
            has=page.get_by_role("rowheader").filter(has_text=step["path"])
        )
        expect(row.first).to_contain_text(step["state"])
    return run


def states(run: dict[str, Any]) -> dict[str, str]:
    return {each["path"]: each["state"] for each in run["steps"]}


def test_the_page_offers_what_the_api_offers(asking: Page, platform: Stand) -> None:
    waiting = get(platform, f"runs/{number_of(asking)}")["waiting"]
    assert (waiting["kind"], waiting["choices"]) == (
        "decision",
        ["retry", "skip", "rollback", "stop"],
    )
    question = asking.get_by_role("region", name="What it waits for")
    expect(question).to_contain_text(waiting["what"])
    expect(question.get_by_role("button")).to_have_text([RETRY, SKIP, ROLLBACK, STOP])
    decide(asking, STOP)


def test_a_step_is_tried_again(asking: Page, platform: Stand, home: Path) -> None:
    (home / "key").touch()
    decide(asking, RETRY)
    run = ended(platform, asking, "succeeded")
    assert states(run) == {"hinge": "done", "key": "done", "bolt": "done"}
    assert (home / "bolt").exists()


def test_what_fails_again_is_asked_about_again(asking: Page, platform: Stand, home: Path) -> None:
    first = get(platform, f"runs/{number_of(asking)}")["waiting"]["since"]
    decide(asking, RETRY)
    until(
        lambda: (
            (get(platform, f"runs/{number_of(asking)}")["waiting"] or {}).get("since", first)
            != first
        )
    )
    expect(asking.get_by_role("button", name=STOP)).to_be_visible(timeout=_SOON)
    decide(asking, STOP)
    ended(platform, asking, "failed")


def test_a_run_goes_on_without_a_step(asking: Page, platform: Stand, home: Path) -> None:
    decide(asking, SKIP)
    run = ended(platform, asking, "succeeded")
    assert states(run) == {"hinge": "done", "key": "failed", "bolt": "done"}
    assert (home / "bolt").exists()


def test_what_was_done_is_taken_back(asking: Page, platform: Stand, home: Path) -> None:
    assert (home / "hinge").exists()
    decide(asking, ROLLBACK)
    run = ended(platform, asking, "failed, rolled back")
    assert run["rolled_back"] is True
    assert not (home / "hinge").exists()
    assert not (home / "bolt").exists()


def test_a_run_stops_as_it_is(asking: Page, platform: Stand, home: Path) -> None:
    decide(asking, STOP)
    run = ended(platform, asking, "failed")
    assert run["rolled_back"] is False
    assert (home / "hinge").exists()
    assert states(run)["bolt"] == "not begun"


def test_a_run_that_is_cancelled_stops_its_command_and_says_so(
    opens: Opens, platform: Stand, home: Path
) -> None:
    wanted = {"parameters": {}, "why": "to wait", "confirm": ""}
    number = post(platform, "runbooks/wait-at-the-gate/runs", wanted)["id"]
    page = opens(f"runs/{number}")
    until(lambda: (home / "standing").exists() and (home / "standing").read_text().strip())
    command = psutil.Process(int((home / "standing").read_text()))
    processes = [command, *command.children(recursive=True)]
    page.get_by_role("button", name="Cancel", exact=True).click()
    page.get_by_role("dialog").get_by_label("Why").fill("go home")
    page.get_by_role("dialog").get_by_role("button", name="Cancel the run").click()
    expect(page.locator(".page-head")).to_contain_text("stopping")
    assert command.is_running()
    expect(page.locator(".page-head")).to_contain_text("cancelled", timeout=_SOON)
    run = get(platform, f"runs/{number}")
    assert (run["state"], run["cancelled_by"]) == ("cancelled", "operator")
    assert states(run)["bolt"] == "not begun"
    assert [each for each in processes if each.is_running()] == []
