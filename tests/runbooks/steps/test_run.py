"""The `run` step."""

from typing import Any, ClassVar

import pytest

from opsbook.core.errors import BadInputError
from tests.runbooks.steps.contract import Settings, StepContract
from tests.runbooks.steps.stage import Stage, StageCourse, runbook, step


class TestRun(StepContract):
    kind: ClassVar[str] = "run"

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        stage.measure("load", {"a": 3.0, "b": 4.0})
        return {"runbook": "look", "with": {"job": "{{ 'b' }}"}}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return {"runbook": "look", "with": {"job": "{{ nothing }}"}}

    def course(self, stage: Stage, **changes: Any) -> StageCourse:
        course = super().course(stage, **changes)
        asked = {"name": "load", "query": {"expression": 'load{job="{{ job }}"}'}}
        course.runbooks = {"look": runbook(asked)}
        return course

    async def test_a_failure_names_the_place(self, stage: Stage, bad: Settings) -> None:
        with pytest.raises(BadInputError, match="nothing"):
            await self.course(stage).through(step("run", bad))

    async def test_it_gives_parameters_and_takes_results(
        self, stage: Stage, good: Settings
    ) -> None:
        result: Any = await self.course(stage).through(step("run", good))
        assert result["steps"]["load"]["value"] == 4.0

    async def test_parameters_keep_their_types(self, stage: Stage) -> None:
        course = self.course(stage, values={"many": 3, "steps": {}})
        counted = {"name": "sum", "query": {"expression": "vector({{ count + 1 }})"}}
        course.runbooks["count"] = runbook(counted)
        given = {"runbook": "count", "with": {"count": "{{ many }}"}}
        result: Any = await course.through(step("run", given))
        assert result["steps"]["sum"]["value"] == 4.0

    def test_only_the_book_knows_its_class(self, good: Settings) -> None:
        assert step("run", good).action.least_class is None
        assert list(step("run", good).action.names()) == [("runbook", "look")]

    async def test_it_cannot_be_waited_for(self, stage: Stage, good: Settings) -> None:
        with pytest.raises(BadInputError, match="only a run can go through it"):
            await step("run", good).action.carry_out(stage.context())
