"""The `notify` step."""

from typing import ClassVar

import pytest

from opsbook.core.errors import BadInputError
from opsbook.core.secrets import Secret
from tests.runbooks.steps.contract import Settings, StepContract
from tests.runbooks.steps.stage import Stage, step


class TestNotify(StepContract):
    kind: ClassVar[str] = "notify"

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        return {"receiver": "team", "subject": "restarted", "text": "by {{ who }}{{ steps }}"}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return {"receiver": "teem", "subject": "restarted"}

    @pytest.fixture
    def stage(self, stage: Stage) -> Stage:
        context = stage.context
        stage.context = lambda **changes: context(  # type: ignore[method-assign]
            **{"values": {"steps": {}, "who": "ada"}, **changes}
        )
        return stage

    def effects(self, stage: Stage) -> int:
        return len(stage.told)

    async def test_a_failure_names_the_place(self, stage: Stage, bad: Settings) -> None:
        with pytest.raises(BadInputError, match="teem"):
            await stage.carry_out("notify", bad)

    async def test_it_fills_what_it_says(self, stage: Stage, good: Settings) -> None:
        await stage.carry_out("notify", good)
        assert list(stage.told.values()) == [("team", "restarted", "by ada{}")]

    async def test_a_dry_run_shows_what_would_be_said(self, stage: Stage, good: Settings) -> None:
        change = await step("notify", good).action.preview(stage.context())
        assert change is not None
        assert (change.what, change.after) == ("receiver team", "restarted: by ada{}")

    async def test_it_tells_no_secret(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STEP_TEST_TOKEN", "t0ken-of-the-step")
        values = {"token": Secret("env:STEP_TEST_TOKEN").reveal(), "steps": {}}
        said = {"receiver": "team", "subject": "with {{ token }}", "text": "{{ token }}"}
        await stage.carry_out("notify", said, values=values)
        assert list(stage.told.values()) == [("team", "with ***", "***")]

    def test_it_changes_nothing_on_the_platform(self, good: Settings) -> None:
        assert step("notify", good).action.least_class == 0
        assert list(step("notify", good).action.names()) == [("receiver", "team")]
