"""The `wait-until` step."""

import asyncio
import time
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.runbooks.action import ActionFailedError
from tests.eventually import eventually
from tests.runbooks.steps.contract import Settings, StepContract, StoppingContract
from tests.runbooks.steps.stage import Stage, StageCourse, step

READY = {"command": {"argv": ["cat", "ready"]}, "class": 0, "name": "ready"}


class TestWaitUntil(StepContract, StoppingContract):
    kind: ClassVar[str] = "wait-until"

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        (stage.home / "ready").write_text("yes")
        return {"steps": [READY], "every": "50ms"}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return {"steps": [{"query": {"expression": "no_such_metric"}}], "every": "30s"}

    @pytest.fixture
    async def endless(self, stage: Stage) -> Settings:
        return {"steps": [{"query": {"expression": "no_such_metric"}}], "every": "100ms"}

    async def test_it_looks_until_it_is_so(self, stage: Stage) -> None:
        waiting = step("wait-until", {"steps": [READY], "every": "50ms"})
        task = asyncio.ensure_future(StageCourse(stage.context()).through(waiting))
        await eventually(lambda: len(list((stage.home / "jobs").glob("*"))) >= 2)
        (stage.home / "ready").write_text("yes")
        result: Any = await task
        assert result["tries"] >= 2
        assert result["steps"]["ready"]["output"] == "yes"

    async def test_all_must_hold_at_once_and_may_use_each_other(self, stage: Stage) -> None:
        stage.measure("load", {"a": 3.0})
        steps = [
            {"name": "one", "query": {"expression": "sum(load)"}},
            {
                "name": "two",
                "query": {
                    "expression": "sum(load) + {{ steps.one.value }}",
                    "expect": {"above": 5},
                },
            },
        ]
        result = await stage.carry_out("wait-until", {"steps": steps})
        assert result["steps"]["two"]["value"] == 6.0

    async def test_too_late_it_says_what_is_still_not_so(self, stage: Stage, bad: Settings) -> None:
        with pytest.raises(ActionFailedError, match="no_such_metric: unknown"):
            await stage.carry_out("wait-until", {**bad, "every": "100ms"}, within=0.3)

    async def test_stopped_at_its_deadline_it_says_so_too(
        self, stage: Stage, endless: Settings
    ) -> None:
        context = stage.context()
        waiting = step("wait-until", endless).action.carry_out(context)
        task = asyncio.ensure_future(waiting)
        await asyncio.sleep(0.3)
        context.stopping.set()
        with pytest.raises(ActionFailedError, match="no_such_metric: unknown"):
            await task

    async def test_it_can_let_time_pass(self, stage: Stage) -> None:
        started = time.monotonic()
        await stage.carry_out("wait-until", {"for": "200ms"})
        assert time.monotonic() - started > 0.19

    async def test_time_that_has_passed_is_not_waited_for_again(self, stage: Stage) -> None:
        records: dict[str, Any] = {}
        waiting = step("wait-until", {"for": "800ms"})
        first = asyncio.ensure_future(StageCourse(stage.context(), records).through(waiting))
        await asyncio.sleep(0.6)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        started = time.monotonic()
        await StageCourse(stage.context(), records).through(waiting)
        assert time.monotonic() - started < 0.6

    @pytest.mark.parametrize(
        "settings",
        [
            {},
            {"for": "1s", "steps": [READY]},
            {"steps": [{"service": {"restart": "a"}}]},
            {"steps": [{"command": {"argv": ["true"]}}]},
            {"steps": [{**READY, "host": "db1"}]},
            {"steps": [{**READY, "retry": {"times": 3}}]},
        ],
    )
    def test_what_does_more_than_look_is_refused(self, settings: Settings) -> None:
        with pytest.raises(ValidationError, match=r"wait|`steps`"):
            step("wait-until", settings)

    def test_it_looks_only(self, good: Settings) -> None:
        assert step("wait-until", good).action.least_class == 0
