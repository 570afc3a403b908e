"""The `query` step over a real store."""

from typing import ClassVar

import pytest

from opsbook.runbooks.action import ActionFailedError
from tests.runbooks.steps.contract import Settings, StepContract
from tests.runbooks.steps.stage import Stage, step


class TestQuery(StepContract):
    kind: ClassVar[str] = "query"

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        stage.measure("load", {"a": 3.0, "b": 4.0})
        return {"expression": "sum(load)", "expect": {"at_most": 10}}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        stage.measure("load", {"a": 3.0})
        return {"expression": "load", "expect": {"above": 3}}

    async def test_one_series_has_a_value(self, stage: Stage, good: Settings) -> None:
        result = await stage.carry_out("query", good)
        assert result == {"value": 7.0, "count": 1, "series": [{"labels": {}, "value": 7.0}]}

    async def test_several_series_have_labels_and_no_one_value(
        self, stage: Stage, good: Settings
    ) -> None:
        result = await stage.carry_out("query", {"expression": "load"})
        assert result["count"] == 2
        assert "value" not in result
        assert {each["labels"]["job"]: each["value"] for each in result["series"]} == {
            "a": 3.0,
            "b": 4.0,
        }

    async def test_every_series_must_be_as_expected(self, stage: Stage, good: Settings) -> None:
        with pytest.raises(ActionFailedError, match=r"job=b.*value ≤ 3 \(is 4\)"):
            await stage.carry_out("query", {"expression": "load", "expect": {"at_most": 3}})

    async def test_no_series_is_unknown_and_no_pass(self, stage: Stage) -> None:
        with pytest.raises(ActionFailedError, match="unknown"):
            await stage.carry_out("query", {"expression": "nothing", "expect": {"at_most": 3}})

    async def test_no_series_can_be_fine(self, stage: Stage) -> None:
        result = await stage.carry_out("query", {"expression": "nothing", "may_be_empty": True})
        assert result == {"count": 0, "series": []}

    async def test_what_is_not_a_number_is_no_value(self, stage: Stage) -> None:
        with pytest.raises(ActionFailedError, match="unknown"):
            await stage.carry_out("query", {"expression": "vector(0) / vector(0)"})

    async def test_what_json_does_not_know_is_text(self, stage: Stage) -> None:
        result = await stage.carry_out("query", {"expression": "vector(1) / vector(0)"})
        assert result["value"] == "+Inf"

    async def test_thousands_of_series_are_cut_and_all_of_them_judged(self, stage: Stage) -> None:
        stage.measure("many", {f"job-{number:04}": float(number) for number in range(2000)})
        result = await stage.carry_out("query", {"expression": "many"})
        assert (result["count"], len(result["series"])) == (2000, 100)
        with pytest.raises(ActionFailedError, match="job-1999"):
            await stage.carry_out("query", {"expression": "many", "expect": {"below": 1999}})

    async def test_the_expression_can_be_a_template(self, stage: Stage, good: Settings) -> None:
        values = {"which": "a", "steps": {}}
        asked = {"expression": 'load{job="{{ which }}"}'}
        assert (await stage.carry_out("query", asked, values=values))["value"] == 3.0

    def test_it_looks_only(self) -> None:
        assert step("query", {"expression": "up"}).action.least_class == 0
