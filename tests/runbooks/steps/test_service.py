"""The `service` step with real processes."""

from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.errors import BadInputError
from opsbook.runbooks.action import ActionFailedError, ActionUnknownError
from opsbook.runbooks.hands import Ordered
from tests.runbooks.steps.contract import Settings, StepContract
from tests.runbooks.steps.stage import Stage, StageCourse, step


class TestService(StepContract):
    kind: ClassVar[str] = "service"

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        stage.service("gateway")
        return {"start": "gateway"}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        stage.service("broken", "/no/such/program")
        return {"restart": "broken"}

    def effects(self, stage: Stage) -> int:
        return len({service for _, service in stage.orders})

    async def test_it_tells_how_it_stood_and_stands(self, stage: Stage, good: Settings) -> None:
        result = await stage.carry_out("service", good)
        assert result["before"] == "does not run"
        assert result["after"].startswith("running, pid")
        assert (result["verified"], result["evidence"]) == (True, [7])
        assert result["message"] == "start by ada: a test"

    async def test_a_dry_run_shows_before_and_after(self, stage: Stage, good: Settings) -> None:
        change = await step("service", {"restart": "{{ which }}"}).action.preview(
            stage.context(values={"which": "gateway", "steps": {}})
        )
        assert change is not None
        assert (change.what, change.before) == ("service gateway", "does not run")
        assert change.after == "a new instance runs"
        assert stage.orders == []

    async def test_a_service_that_is_not_there_is_bad_input(self, stage: Stage) -> None:
        with pytest.raises(BadInputError, match="gatewai"):
            await stage.carry_out("service", {"stop": "gatewai"})

    async def test_an_order_that_failed_is_a_failure(self, stage: Stage, bad: Settings) -> None:
        with pytest.raises(ActionFailedError, match="/no/such/program"):
            await stage.carry_out("service", bad)

    async def test_an_order_of_which_nobody_knows_stays_unknown(
        self, stage: Stage, good: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def order(*_: Any, **__: Any) -> Ordered:
            raise ActionUnknownError("begun, and its end was not seen")

        monkeypatch.setattr(stage, "order", order)
        with pytest.raises(ActionUnknownError, match="its end was not seen"):
            await stage.carry_out("service", good)

    @pytest.mark.parametrize(
        ("to", "wanted"), [(5, 5), ("+2", 5), ("-1", 2), ("-9", 0), ("{{ 2 * 4 }}", 8)]
    )
    async def test_it_can_be_scaled(
        self, stage: Stage, good: Settings, to: object, wanted: int
    ) -> None:
        stage.running["gateway"] = 3
        await stage.carry_out("service", {"scale": "gateway", "to": to})
        assert stage.running["gateway"] == wanted

    async def test_two_more_are_not_four_more_after_a_crash(
        self, stage: Stage, good: Settings
    ) -> None:
        stage.running["gateway"] = 3
        records: dict[str, Any] = {}
        scale = step("service", {"scale": "gateway", "to": "+2"})
        await StageCourse(stage.context(), records).through(scale)
        del records["step:act"]
        await StageCourse(stage.context(), records).through(scale)
        assert stage.running["gateway"] == 5

    async def test_a_dry_run_of_scaling_counts(self, stage: Stage, good: Settings) -> None:
        stage.running["gateway"] = 3
        scale = step("service", {"scale": "gateway", "to": "+2"}).action
        change = await scale.preview(stage.context())
        assert change is not None
        assert (change.before[:5], change.after) == ("3 run", "5 run")

    async def test_more_than_nobody_knows_is_bad_input(self, stage: Stage, good: Settings) -> None:
        with pytest.raises(BadInputError, match="nobody can tell how many"):
            await stage.carry_out("service", {"scale": "gateway", "to": "+2"})

    async def test_what_is_no_number_is_bad_input(self, stage: Stage, good: Settings) -> None:
        with pytest.raises(BadInputError, match="not a number of replicas"):
            await stage.carry_out("service", {"scale": "gateway", "to": "many"})

    @pytest.mark.parametrize(
        "settings",
        [{}, {"start": "a", "stop": "a"}, {"scale": "a"}, {"start": "a", "to": 3}],
    )
    def test_it_is_exactly_one_order(self, settings: Settings) -> None:
        with pytest.raises(ValidationError, match=r"exactly one of|need each other"):
            step("service", settings)

    def test_stopping_is_of_class_2_and_the_others_of_class_1(self) -> None:
        classes = {
            verb: step("service", {verb: "a"}).action.least_class
            for verb in ("start", "restart", "reload", "stop")
        }
        assert classes == {"start": 1, "restart": 1, "reload": 1, "stop": 2}
        assert step("service", {"scale": "a", "to": 1}).action.least_class == 1
