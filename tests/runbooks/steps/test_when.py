"""The `when` step."""

from typing import Any, ClassVar

import pytest

from opsbook.core.errors import BadInputError
from tests.runbooks.steps.contract import Settings, StepContract
from tests.runbooks.steps.stage import Stage, step

HIGH = {"name": "high", "query": {"expression": "vector(1)"}}
LOW = {"name": "low", "query": {"expression": "vector(0)"}}
STOP = {"service": {"stop": "gateway"}}


class TestWhen(StepContract):
    kind: ClassVar[str] = "when"

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        return {"condition": "run is not defined", "then": [HIGH], "otherwise": [LOW]}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return {"condition": "steps.nothing.value > 3", "then": [HIGH]}

    async def test_a_failure_names_the_place(self, stage: Stage, bad: Settings) -> None:
        with pytest.raises(BadInputError, match=r"steps\.nothing\.value > 3"):
            await stage.carry_out("when", bad)

    @pytest.mark.parametrize(("load", "taken"), [(20, "high"), (5, "low")])
    async def test_one_of_the_two_is_carried_out(self, stage: Stage, load: int, taken: str) -> None:
        values: dict[str, Any] = {"steps": {"load": {"value": load}}}
        settings = {"condition": "steps.load.value > 10", "then": [HIGH], "otherwise": [LOW]}
        result = await stage.carry_out("when", settings, values=values)
        assert list(result["steps"]) == [taken]
        assert result["holds"] is (taken == "high")

    async def test_nothing_is_done_where_nothing_is_given(self, stage: Stage) -> None:
        result = await stage.carry_out("when", {"condition": "false", "then": [HIGH]})
        assert result == {"holds": False, "steps": {}}

    def test_its_class_is_the_highest_within(self, good: Settings) -> None:
        assert step("when", good).action.least_class == 0
        assert step("when", {**good, "otherwise": [STOP]}).action.least_class == 2

    def test_what_is_only_printed_does_not_count(self, good: Settings) -> None:
        printed = {**STOP, "class": 4}
        assert step("when", {**good, "otherwise": [printed]}).action.least_class == 0
