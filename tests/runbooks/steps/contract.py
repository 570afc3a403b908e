"""What every kind of step must keep. A kind's test inherits this and gives the settings."""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.errors import OpsbookError
from opsbook.core.secrets import mask
from opsbook.runbooks.action import ActionFailedError, ActionUnknownError, action_kinds
from tests.runbooks.steps.stage import Stage, StageCourse, step

Settings = Mapping[str, Any]

LARGEST = 65_536
SOON = 3.0


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class StepContract:
    """Give `kind`, the `classes` of some settings, and the fixtures `good` and `bad`."""

    kind: ClassVar[str]
    asked: ClassVar[tuple[dict[str, Any], ...]] = ()
    """What people answer, where it asks."""

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        """Settings of a step that succeeds."""
        raise NotImplementedError

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        """Settings of one that fails."""
        raise NotImplementedError

    def effects(self, stage: Stage) -> int:
        """How often what `good` does was done, for kinds that change something."""
        return 0

    def course(self, stage: Stage, **changes: Any) -> StageCourse:
        course = StageCourse(stage.context(**changes))
        course.answers = [dict(each) for each in self.asked]
        return course

    async def test_it_gives_what_it_declares(self, stage: Stage, good: Settings) -> None:
        result = await self.course(stage).through(step(self.kind, good))
        gives = action_kinds.load(self.kind).gives
        assert result
        assert set(result) <= set(gives)
        assert all(gives.values())

    async def test_its_result_is_small(self, stage: Stage, good: Settings) -> None:
        result = await self.course(stage).through(step(self.kind, good))
        assert len(json.dumps(result, ensure_ascii=False).encode()) <= LARGEST

    async def test_a_failure_names_the_place(self, stage: Stage, bad: Settings) -> None:
        failing = step(self.kind, bad)
        with pytest.raises(OpsbookError) as caught:
            await self.course(stage).through(failing)
        assert failing.action.subject in str(caught.value)

    async def test_a_failure_is_recorded_as_plain_and_small_as_a_result(
        self, stage: Stage, bad: Settings
    ) -> None:
        with pytest.raises(OpsbookError) as caught:
            await self.course(stage).through(step(self.kind, bad))
        result = getattr(caught.value, "result", {})
        assert len(json.dumps(result, allow_nan=False)) <= LARGEST
        assert len(str(caught.value)) <= LARGEST

    async def test_its_subject_shows_no_secret(self, stage: Stage, good: Settings) -> None:
        """What it revealed is known to be a secret by then."""
        action = step(self.kind, good).action
        await self.course(stage).through(step(self.kind, good))
        assert mask(action.subject) == action.subject
        assert mask(repr(action)) == repr(action)

    async def test_carried_out_again_after_a_crash_it_does_no_harm(
        self, stage: Stage, good: Settings
    ) -> None:
        """The result was not recorded, so the same step of the same run comes by again."""
        await self.course(stage).through(step(self.kind, good))
        once = self.effects(stage)
        with contextlib.suppress(ActionUnknownError):
            await self.course(stage).through(step(self.kind, good))
        assert self.effects(stage) == once

    async def test_a_preview_changes_nothing(self, stage: Stage, good: Settings) -> None:
        before = self.effects(stage)
        action = step(self.kind, good).action
        await action.preview(stage.context(path="preview"))
        assert self.effects(stage) == before

    async def test_what_changes_something_shows_what(self, stage: Stage, good: Settings) -> None:
        action = step(self.kind, good).action
        change = await action.preview(stage.context(path="preview"))
        if self.effects(stage) or change is not None:
            assert change is not None
            assert change.what
            assert change.after

    async def test_it_frees_what_it_opens(
        self, stage: Stage, good: Settings, bad: Settings
    ) -> None:
        await self.course(stage, run="warm").through(step(self.kind, good))
        before = open_files()
        for number in range(3):
            course = self.course(stage, run=f"again{number}")
            await course.through(step(self.kind, good))
            with contextlib.suppress(OpsbookError):
                await self.course(stage, run=f"bad{number}").through(step(self.kind, bad))
        await asyncio.sleep(0.05)
        assert open_files() <= before + 1

    def test_an_unknown_key_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="extra_forbidden"):
            step(self.kind, {"no-such-key": 1})

    def test_its_docstring_is_its_reference(self) -> None:
        kind = action_kinds.load(self.kind)
        assert kind.__doc__
        assert kind.gives

    def test_nothing_that_it_names_is_a_template(self, good: Settings) -> None:
        for _, name in step(self.kind, good).action.names():
            assert "{{" not in name


class StoppingContract:
    """For kinds that can take long: give the fixture `endless`."""

    kind: ClassVar[str]

    @pytest.fixture
    async def endless(self, stage: Stage) -> Settings:
        """Settings of a step that does not end by itself."""
        raise NotImplementedError

    async def test_told_to_stop_it_ends_soon(self, stage: Stage, endless: Settings) -> None:
        context = stage.context()
        action = step(self.kind, endless).action
        task = asyncio.ensure_future(action.proceed(StageCourse(context)))
        await asyncio.sleep(0.3)
        assert not task.done()
        started = time.monotonic()
        context.stopping.set()
        with pytest.raises((ActionFailedError, ActionUnknownError)):
            await task
        assert time.monotonic() - started < SOON

    async def test_cut_off_it_ends_soon_and_leaves_nothing_behind(
        self, stage: Stage, endless: Settings
    ) -> None:
        action = step(self.kind, endless).action
        before: list[tuple[int, int]] = []
        for number in range(2):
            context = stage.context(path=f"cut{number}")
            task = asyncio.ensure_future(action.proceed(StageCourse(context)))
            await asyncio.sleep(0.3)
            task.cancel()
            started = time.monotonic()
            await asyncio.gather(task, return_exceptions=True)
            assert time.monotonic() - started < SOON
            await asyncio.sleep(0.1)
            before.append((open_files(), len(asyncio.all_tasks())))
        assert before[1][0] <= before[0][0] + 1
        assert before[1][1] <= before[0][1]
