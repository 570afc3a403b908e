"""`runbook`"""

from pathlib import Path

import pytest

from opsbook.drills.fault import Exercise, Fault, Place, Prepared
from tests.drills.faults.contract import FaultContract, Settings, make_fault


class TestRunbook(FaultContract):
    kind = "runbook"

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        self._directory = tmp_path
        return {"name": "scale", "with": {"to": 3}, "confirm": "web"}

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return Place("run-1", tmp_path, lambda _: pytest.fail("it asked for a process"))

    def state(self, settings: Settings) -> object:
        return sorted(self._directory.rglob("*"))

    async def test_it_hurts(self, fault: Fault, prepared: Prepared, settings: Settings) -> None:
        """Nothing; what it wants is a run."""
        assert fault.exercise() == Exercise("scale", {"to": 3}, "web")

    async def test_what_cannot_be_hurt_is_said_beforehand(
        self, place: Place, tmp_path: Path
    ) -> None:
        """A runbook that is not there is found when the book is read."""
        fault = make_fault(self.kind, {"name": "none"}, tmp_path)
        assert await fault.prepare(place) == {}

    def test_a_person_reads_that_it_is_taken_back(self, fault: Fault) -> None:
        assert fault.subject == "runbook scale, and back"
