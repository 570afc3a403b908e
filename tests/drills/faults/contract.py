"""What every fault must keep, against what it really hurts. A kind's test inherits this."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.procfs import ProcessIdentity
from opsbook.drills.fault import Fault, FaultError, Place, Prepared, fault_kinds

Settings = Mapping[str, Any]


def nobody(service: str) -> ProcessIdentity:
    raise FaultError(f"{service} has no process")


def make_fault(kind: str, settings: Settings, directory: Path) -> Fault:
    return fault_kinds.load(kind).model_validate(settings, context={"directory": directory})


class FaultContract:
    """Give `kind`, the fixture `settings`, and what `state` shows of the thing that is hurt."""

    kind: ClassVar[str]
    hopeless: ClassVar[Settings]
    """Settings of a fault that cannot be prepared here."""

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        raise NotImplementedError

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        (tmp_path / "place").mkdir()
        return Place("run-1", tmp_path / "place", nobody)

    @pytest.fixture
    def fault(self, settings: Settings, tmp_path: Path) -> Fault:
        return make_fault(self.kind, settings, tmp_path)

    @pytest.fixture
    async def prepared(self, fault: Fault, place: Place) -> Prepared:
        """As another process reads it."""
        found: Prepared = json.loads(json.dumps(await fault.prepare(place)))
        return found

    def state(self, settings: Settings) -> object:
        """Everything that a fault may change, to be compared."""
        raise NotImplementedError

    async def test_to_prepare_it_changes_nothing(
        self, fault: Fault, place: Place, settings: Settings
    ) -> None:
        before = self.state(settings)
        await fault.prepare(place)
        assert self.state(settings) == before

    async def test_it_hurts(self, fault: Fault, prepared: Prepared, settings: Settings) -> None:
        before = self.state(settings)
        await fault.begin(prepared)
        try:
            assert self.state(settings) != before
        finally:
            await fault.end(prepared)

    async def test_begun_twice_and_ended_twice_everything_is_as_it_was(
        self, fault: Fault, prepared: Prepared, settings: Settings
    ) -> None:
        before = self.state(settings)
        await fault.begin(prepared)
        await fault.begin(prepared)
        await fault.end(prepared)
        await fault.end(prepared)
        assert self.state(settings) == before

    async def test_ended_without_a_beginning_everything_is_as_it_was(
        self, fault: Fault, prepared: Prepared, settings: Settings
    ) -> None:
        before = self.state(settings)
        await fault.end(prepared)
        assert self.state(settings) == before

    async def test_what_cannot_be_hurt_is_said_beforehand(
        self, place: Place, tmp_path: Path
    ) -> None:
        with pytest.raises(FaultError):
            await make_fault(self.kind, self.hopeless, tmp_path).prepare(place)

    def test_it_says_what_it_does(self, fault: Fault) -> None:
        assert fault.subject

    def test_an_unknown_setting_is_refused(self, settings: Settings, tmp_path: Path) -> None:
        with pytest.raises(ValidationError, match="no_such"):
            make_fault(self.kind, {**settings, "no_such": 1}, tmp_path)
