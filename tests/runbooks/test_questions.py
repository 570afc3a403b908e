"""Answers that must reach their run."""

from pathlib import Path

import pytest

from opsbook.durable.model import RunState
from opsbook.durable.port import DurableError
from opsbook.durable.values import Json
from tests.runbooks.scene import BERT, Scene, book, mark, scene


def away(there: Scene, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """The database of the runs hears nothing, so many times."""
    real, left = there.engine.signal, [times]

    async def signal(run_id: str, name: str, value: Json, key: str) -> None:
        if left[0]:
            left[0] -= 1
            raise DurableError("the database cannot be reached")
        await real(run_id, name, value, key)

    monkeypatch.setattr(there.engine, "signal", signal)


async def test_an_approval_while_the_runs_are_away_is_heard_when_they_are_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.runbooks.questions._TELL_AGAIN_AFTER", 0.05)
    books = book(tmp_path, big={"steps": [mark("one", **{"class": 3})]})
    async with scene(tmp_path, books) as there:
        run = await there.run("big")
        await there.waits(run, "approval")
        away(there, monkeypatch, 3)
        await there.runbooks.approve(run, BERT, "go")
        assert (await there.ended(run)).state is RunState.SUCCEEDED
        assert (await there.kinds(run)).count("run.approved") == 1


async def test_what_was_answered_in_the_last_moment_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = mark("one", **{"class": 3})
    books = book(tmp_path, big={"approve_within": "1s", "steps": [step]})
    async with scene(tmp_path, books) as there:
        run = await there.run("big")
        await there.waits(run, "approval")
        away(there, monkeypatch, 1_000_000)
        await there.runbooks.approve(run, BERT, "go")
        assert (await there.ended(run)).state is RunState.SUCCEEDED
