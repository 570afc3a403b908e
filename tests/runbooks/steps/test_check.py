"""The `check` step against a real watch."""

from collections.abc import AsyncIterator
from typing import ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.errors import BadInputError
from opsbook.runbooks.action import ActionFailedError
from tests.runbooks.steps.contract import Settings, StepContract, StoppingContract
from tests.runbooks.steps.stage import Stage, step
from tests.servers.loopback import free_port, serving, silent


class TestCheck(StepContract, StoppingContract):
    kind: ClassVar[str] = "check"

    @pytest.fixture
    async def good(self, stage: Stage) -> AsyncIterator[Settings]:
        async with serving(silent) as port:
            stage.check("gateway", "tcp", {"host": "127.0.0.1", "port": port})
            yield {"name": "gateway"}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        stage.check("gone", "tcp", {"host": "127.0.0.1", "port": free_port()})
        return {"name": "gone"}

    @pytest.fixture
    async def endless(self, stage: Stage) -> AsyncIterator[Settings]:
        async with serving(silent) as port:
            target = {"host": "127.0.0.1", "port": port, "greeting": True}
            stage.check("mute", "tcp", target, timeout="2s")
            yield {"name": "mute"}

    async def test_later_steps_can_use_what_it_measured(self, stage: Stage, good: Settings) -> None:
        result = await stage.carry_out("check", good)
        assert result["state"] == "up"
        assert result["measurements"]["connect_seconds"] > 0

    async def test_it_fails_with_the_actual_values(self, stage: Stage, good: Settings) -> None:
        slow = {"connect_seconds": {"at_least": 5}}
        settings = stage.watch.checks["gateway"].settings.probe.model_dump()
        stage.check("slow", "tcp", settings, conditions=slow)
        with pytest.raises(ActionFailedError, match=r"connect_seconds ≥ 5 \(is 0\.0"):
            await stage.carry_out("check", {"name": "slow"})

    async def test_a_trouble_can_be_what_is_wanted(self, stage: Stage, bad: Settings) -> None:
        result = await stage.carry_out("check", {**bad, "state": ["down"]})
        assert result["state"] == "down"

    async def test_a_check_that_is_well_fails_where_trouble_is_wanted(
        self, stage: Stage, good: Settings
    ) -> None:
        with pytest.raises(ActionFailedError, match="is up, not down"):
            await stage.carry_out("check", {**good, "state": ["down"]})

    async def test_unknown_is_never_a_pass(self, stage: Stage) -> None:
        stage.check("blind", "command", {"argv": ["/no/such/program"]})
        with pytest.raises(ActionFailedError, match="is unknown, not up or degraded or down"):
            await stage.carry_out("check", {"name": "blind", "state": ["up", "degraded", "down"]})

    def test_unknown_cannot_be_wanted(self) -> None:
        with pytest.raises(ValidationError, match="literal_error"):
            step("check", {"name": "a", "state": ["unknown"]})

    async def test_the_name_can_be_a_template(self, stage: Stage, good: Settings) -> None:
        values = {"which": "gateway", "steps": {}}
        result = await stage.carry_out("check", {"name": "{{ which }}"}, values=values)
        assert result["state"] == "up"

    async def test_a_check_that_is_not_there_is_bad_input(self, stage: Stage) -> None:
        with pytest.raises(BadInputError, match="gatewai"):
            await stage.carry_out("check", {"name": "gatewai"})

    def test_only_a_name_without_a_template_can_be_looked_for(self) -> None:
        assert list(step("check", {"name": "a"}).action.names()) == [("check", "a")]
        assert list(step("check", {"name": "{{ a }}"}).action.names()) == []

    def test_it_looks_only(self) -> None:
        assert step("check", {"name": "a"}).action.least_class == 0
