"""Drills as a part of the whole."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from opsbook.app.book import read_book
from opsbook.book.problems import BookError
from opsbook.drills.model import RefusedError
from tests.cli.run import opsbook
from tests.eventually import eventually
from tests.services.platform import one_service, watched

LATE = {"detected": {"within": "1ms"}, "recovered": {"within": "10s"}}
DIES = {"kill": {"service": "a"}, "expect": LATE}
HANGS = {"hang": {"service": "a"}, "expect": LATE}


def drilled(directory: Path, /, *, platform: bool = False, service: bool = False, **d: Any) -> Path:
    file = one_service(directory, production=service)
    book = json.loads(file.read_text())
    book["platform"]["production"] = platform
    file.write_text(json.dumps({**book, "drills": d}))
    return file


async def test_a_failed_drill_turns_the_platform_red_and_one_that_never_ran_does_not(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    async with watched(drilled(tmp_path, hangs=HANGS), data) as platform:
        app = platform.app
        assert app.runs is not None
        await app.runs.opened.wait()
        await eventually(lambda: app.front.view.verdict() == "up")
        before = await asyncio.to_thread(opsbook, "status", "--data", data)
        await app.runs.engine.wait(await app.drills.request("hangs", "ada", "to see"), 20)
        await eventually(lambda: platform.keeper().state() == "up")
        after = await asyncio.to_thread(opsbook, "status", "--data", data)
    assert before.returncode == 0
    assert "unknown  hangs  never run" in before.stdout
    assert after.returncode == 2
    assert "small is DOWN" in after.stdout
    assert "down  hangs  failed  detected after " in after.stdout


@pytest.mark.parametrize("where", ["platform", "service"])
async def test_what_the_book_marks_as_production_is_not_hurt_by_one_person(
    tmp_path: Path, where: str
) -> None:
    marked: dict[str, bool] = {where: True}
    async with watched(drilled(tmp_path, **marked, dies=DIES), tmp_path / "data") as platform:
        with pytest.raises(RefusedError, match="a second person has to approve it"):
            await platform.app.drills.request("dies", "ada", "to see")


def test_a_drill_of_what_the_book_does_not_have_is_found_by_lint(tmp_path: Path) -> None:
    drill = {"runbook": {"name": "mend"}, "expect": {"recovered": {"within": "1s"}}}
    with pytest.raises(BookError, match=r"drills\.d\.runbook\.name: no such name \(got 'mend'\)"):
        read_book(drilled(tmp_path, d=drill))
