"""The `approve` step."""

from typing import Any, ClassVar

import pytest

from opsbook.runbooks.action import ActionFailedError
from tests.runbooks.steps.contract import Settings, StepContract
from tests.runbooks.steps.stage import Stage, step

GRACE = {"by": "grace", "answer": "approved", "why": "seen it", "at": "2026-03-01T02:00:00Z"}


class TestApprove(StepContract):
    kind: ClassVar[str] = "approve"
    asked: ClassVar[tuple[dict[str, Any], ...]] = (GRACE,)

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        return {"question": "Go on?", "within": "1h"}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return {"question": "Go on?", "by": ["linus", "ken"]}

    async def test_it_tells_who_consented_and_why(self, stage: Stage, good: Settings) -> None:
        result = await self.course(stage).through(step("approve", good))
        assert result == {"by": "grace", "why": "seen it", "at": "2026-03-01T02:00:00Z"}

    async def test_the_question_can_show_earlier_results(self, stage: Stage) -> None:
        values = {"steps": {"count": {"value": 12}}}
        course = self.course(stage, values=values)
        await course.through(step("approve", {"question": "{{ steps.count.value }} rows, go on?"}))
        assert course.asked == [("12 rows, go on?", 3600.0, "approve")]

    async def test_nobody_answering_is_a_failure(self, stage: Stage, good: Settings) -> None:
        course = self.course(stage)
        course.answers.clear()
        with pytest.raises(ActionFailedError, match="nobody answered"):
            await course.through(step("approve", good))

    async def test_another_persons_consent_is_none(self, stage: Stage, bad: Settings) -> None:
        with pytest.raises(ActionFailedError, match="grace consented, and only linus or ken may"):
            await self.course(stage).through(step("approve", bad))

    async def test_the_named_persons_consent_is_one(self, stage: Stage, bad: Settings) -> None:
        named = step("approve", {**bad, "by": ["linus", "grace"]})
        assert (await self.course(stage).through(named))["by"] == "grace"
