"""Responses over a living platform: the fix is tried and proved first, and then people hear."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.incidents.model import IncidentState
from opsbook.incidents.timeline import timeline
from tests.eventually import eventually
from tests.response.platform import Catcher, catching, hang, starts, write_book
from tests.services.platform import Platform, watched

CHECK = {"check": "a-greets", "runbook": "restart-a", "hold": "60s"}


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    with catching() as server:
        yield server


def kinds(platform: Platform) -> list[str]:
    return [each["kind"] for each in platform.ledger()]


@pytest.mark.timeout(90)
async def test_what_is_mended_pages_nobody(tmp_path: Path, catcher: Catcher) -> None:
    book = write_book(tmp_path, catcher, {**CHECK, "close_after": "1s"})
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        hang(tmp_path)
        await eventually(lambda: "response.fixed" in kinds(platform), 30)
        await eventually(lambda: "incident.closed" in kinds(platform), 30)
        told = kinds(platform)
        order = [
            "alert.firing",
            "incident.opened",
            "response.chosen",
            "run.requested",
            "service.ordered",
            "run.ended",
            "response.fixed",
            "incident.recovered",
            "incident.closed",
        ]
        assert [each for each in told if each in order] == order
        assert (starts(tmp_path), catcher.caught) == (2, [])
        (closed,) = platform.ledger("incident.closed")
        assert closed["body"]["resolution"].startswith("fixed by runbook restart-a (run restart-a-")
        incident = await platform.app.incidents.get(closed["subject"])
        assert incident.state is IncidentState.CLOSED
        around = timeline(platform.app.engine, incident, [], ["a-greets"], 1000)
        assert {"response.chosen", "run.step_done", "response.fixed"} <= {
            each.kind for each in around
        }


@pytest.mark.timeout(90)
async def test_a_fix_that_fails_is_one_page_that_names_what_was_tried(
    tmp_path: Path, catcher: Catcher
) -> None:
    async with watched(write_book(tmp_path, catcher, CHECK), tmp_path / "data") as platform:
        await platform.well()
        hang(tmp_path, stubborn=True)
        await eventually(lambda: catcher.told("team") and catcher.told("oncall"), 40)
        (page,) = catcher.tried("oncall")
        (notice,) = catcher.tried("team")
        assert page == notice
        assert notice.startswith("not mended: ")
        for said in (
            "restart-a (run restart-a-",
            ") failed: not proven within 2 s",
            "closed without a greeting",
        ):
            assert said in notice
        assert "response.failed" in kinds(platform)
        assert starts(tmp_path) == 2


@pytest.mark.timeout(90)
async def test_a_severity_that_pages_at_once_hears_how_it_ended(
    tmp_path: Path, catcher: Catcher
) -> None:
    severities = {"critical": {"respond_within": "15m", "page": "at-once"}}
    incidents = {
        "severities": severities,
        "severity_labels": {},
        "contacts": {"ada": {"receiver": "oncall"}},
        "escalation": [{"name": "L1", "contacts": ["ada"]}],
    }
    book = write_book(tmp_path, catcher, CHECK, incidents=incidents)
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        hang(tmp_path, stubborn=True)
        await eventually(lambda: catcher.told("team") and catcher.told("oncall"), 20)
        assert "response.failed" not in kinds(platform)
        assert (catcher.tried("team"), catcher.tried("oncall")) == ([""], [""])
        await eventually(lambda: len(catcher.told("team")) + len(catcher.told("oncall")) == 4, 20)
        assert catcher.tried("team")[1].startswith("not mended: ")
        said = catcher.told("oncall")[1]["alerts"][0]["annotations"]["description"]
        assert said.startswith("not mended: ")


@pytest.mark.timeout(90)
async def test_a_death_for_good_is_mended_before_anybody_hears(
    tmp_path: Path, catcher: Catcher
) -> None:
    death = {"death": "a", "runbook": "restart-a"}
    async with watched(write_book(tmp_path, catcher, death), tmp_path / "data") as platform:
        await platform.well()
        platform.kill()
        await eventually(lambda: "response.fixed" in kinds(platform), 30)
        await eventually(lambda: "incident.recovered" in kinds(platform), 30)
        assert catcher.told("oncall") == []
        (chosen,) = platform.ledger("response.chosen")
        assert chosen["body"]["what"] == "death of a"
