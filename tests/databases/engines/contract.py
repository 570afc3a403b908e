"""What every engine must keep, against a real database. A kind's test inherits this."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.databases.engine import Engine, engine_kinds
from opsbook.databases.limits import Limits
from opsbook.databases.maintain import MaintainStep
from opsbook.databases.model import DatabaseError, End, Level, Task
from tests.databases.servers import PATIENCE

Settings = Mapping[str, Any]
NOW = 1_800_000_000.0


def make_engine(kind: str, settings: Settings) -> Engine:
    return engine_kinds.load(kind).model_validate(settings)


class EngineContract:
    """Give `kind`, the fixture `settings` of a database that stands, `unreachable` ones, and what
    `state` shows of the database."""

    kind: ClassVar[str]
    unreachable: ClassVar[Settings]

    @pytest.fixture
    def settings(self) -> Settings:
        raise NotImplementedError

    @pytest.fixture
    def engine(self, settings: Settings) -> Engine:
        return make_engine(self.kind, settings)

    async def test_a_report_has_every_figure_or_says_why_not(self, engine: Engine) -> None:
        report = await engine.report(Limits(), {}, PATIENCE, NOW)
        assert set(report.figures) == set(engine.measures)
        for each in report.figures.values():
            assert (each.value is None) == (each.level is Level.UNKNOWN) == bool(each.why), each

    async def test_its_limits_are_there(self, engine: Engine) -> None:
        assert set(engine.limited) <= set(Limits.model_fields)

    async def test_its_steps_are_there(self, engine: Engine) -> None:
        assert set(engine.steps) <= set(MaintainStep.model_fields)

    async def test_what_cannot_be_reached_is_told_with_its_place(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("UNREACHABLE", "postgresql://ada:very-s3cret@127.0.0.1:1/books")
        engine = make_engine(self.kind, self.unreachable)
        with pytest.raises(DatabaseError) as error:
            await engine.report(Limits(), {}, PATIENCE, NOW)
        assert engine.subject in str(error.value)
        assert "s3cret" not in str(error.value) + engine.subject + repr(engine)

    async def test_what_is_refused_is_not_done(self, engine: Engine) -> None:
        async def never() -> Any:
            raise AssertionError("it was done")

        result = await engine.carry_out(Task("t", 1, (), refused="not today", work=never))
        assert (result.end, result.said) == (End.REFUSED, "not today")

    def test_an_unknown_setting_is_refused(self, settings: Settings) -> None:
        with pytest.raises(ValidationError, match="no_such"):
            make_engine(self.kind, {**settings, "no_such": 1})
