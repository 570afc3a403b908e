"""The `for-each` step."""

from typing import Any, ClassVar

import pytest

from opsbook.core.errors import BadInputError
from opsbook.runbooks.action import ActionFailedError
from tests.runbooks.steps.contract import Settings, StepContract
from tests.runbooks.steps.stage import Stage, StageCourse, step

NOTE = {"command": {"argv": ["sh", "-c", "echo $0 >> effects", "{{ item }}"]}, "class": 1}
LOOK = {"name": "look", "query": {"expression": "vector({{ item }}) > 0"}}


class TestForEach(StepContract):
    kind: ClassVar[str] = "for-each"

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        return {"items": ["a", "{{ 'b' }}", "c"], "steps": [NOTE]}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return {"items": "{{ [1, 0, 2] }}", "steps": [LOOK]}

    def effects(self, stage: Stage) -> int:
        return len(self.done(stage))

    def done(self, stage: Stage) -> list[str]:
        done = stage.home / "effects"
        return done.read_text().split() if done.exists() else []

    async def test_what_changes_something_shows_what(self, stage: Stage, good: Settings) -> None:
        """The steps within it do, one by one."""
        assert await step("for-each", good).action.preview(stage.context()) is None

    async def test_one_after_the_other(self, stage: Stage, good: Settings) -> None:
        result = await stage.carry_out("for-each", good)
        assert self.done(stage) == ["a", "b", "c"]
        assert result == {"count": 3, "done": ["a", "b", "c"], "failed": []}

    async def test_the_things_can_come_from_an_earlier_step(self, stage: Stage) -> None:
        values = {"steps": {"found": {"series": [{"labels": {"job": "x"}, "value": 1.0}]}}}
        named = {"command": {"argv": ["sh", "-c", "echo $0 >> effects", "{{ it.labels.job }}"]}}
        settings = {
            "items": "{{ steps.found.series }}",
            "as": "it",
            "steps": [{**named, "class": 1}],
        }
        await stage.carry_out("for-each", settings, values=values)
        assert self.done(stage) == ["x"]

    async def test_it_ends_with_the_first_that_fails(self, stage: Stage, bad: Settings) -> None:
        with pytest.raises(ActionFailedError, match="1 failed, 1 of 3 are done") as caught:
            await stage.carry_out("for-each", bad)
        assert caught.value.result["done"] == [1]

    async def test_it_can_go_on_and_has_failed_all_the_same(
        self, stage: Stage, bad: Settings
    ) -> None:
        with pytest.raises(ActionFailedError, match="1 failed, 2 of 3 are done") as caught:
            await stage.carry_out("for-each", {**bad, "continue": True})
        (failed,) = caught.value.result["failed"]  # type: ignore[misc]
        assert failed["item"] == 0  # type: ignore[index, call-overload]

    async def test_after_a_crash_it_goes_on_where_it_was(
        self, stage: Stage, good: Settings
    ) -> None:
        records: dict[str, Any] = {}
        await StageCourse(stage.context(), records).through(step("for-each", good))
        last = list(records)[-1]
        del records[last]
        await StageCourse(stage.context(), records).through(step("for-each", good))
        assert self.done(stage) == ["a", "b", "c"]

    async def test_what_is_no_list_is_bad_input(self, stage: Stage) -> None:
        with pytest.raises(BadInputError, match="a list is needed"):
            await stage.carry_out("for-each", {"items": "a, b", "steps": [NOTE]})

    async def test_more_than_a_thousand_are_refused_before_the_first(self, stage: Stage) -> None:
        many = {"items": "{{ range(1001) | list }}", "steps": [NOTE]}
        with pytest.raises(BadInputError, match="1001 things, at most 1000"):
            await stage.carry_out("for-each", many)
        assert self.done(stage) == []

    async def test_a_thousand_large_things_have_a_small_result(self, stage: Stage) -> None:
        never = {"query": {"expression": "vector(0) > 0"}}
        many = {"items": "{{ ['x' * 900] * 1000 }}", "steps": [never], "continue": True}
        with pytest.raises(ActionFailedError, match="1000 failed") as caught:
            await stage.carry_out("for-each", many)
        assert len(str(caught.value.result)) < 65_536

    def test_its_class_is_the_highest_within(self, good: Settings) -> None:
        inner = {"for-each": {"items": ["a"], "steps": [{"service": {"stop": "{{ item }}"}}]}}
        assert step("for-each", good).action.least_class == 1
        assert step("for-each", {"items": [], "steps": [LOOK, inner]}).action.least_class == 2
