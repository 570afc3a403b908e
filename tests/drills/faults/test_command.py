"""`command`"""

import sys
from pathlib import Path
from typing import Any

import pytest

from opsbook.drills.fault import Fault, FaultError, Mended, Place
from tests.drills.faults.contract import FaultContract, Settings, make_fault


class TestCommand(FaultContract):
    kind = "command"

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        self._directory = tmp_path / "place"
        self._directory.mkdir()
        return {"inject": ["touch", "hurt"], "undo": ["rm", "-f", "hurt"], "directory": "place"}

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return Place("run-1", tmp_path, lambda _: pytest.fail("it asked for a process"))

    def state(self, settings: Settings) -> object:
        return sorted(self._directory.iterdir())

    async def test_what_cannot_be_hurt_is_said_beforehand(
        self, place: Place, tmp_path: Path
    ) -> None:
        """Nobody knows what a command will do: it is said when it has failed."""
        settings = {"inject": ["no-such-program"], "undo": ["true"]}
        fault = make_fault(self.kind, settings, tmp_path)
        with pytest.raises(FaultError, match="cannot start no-such-program"):
            await fault.begin(await fault.prepare(place))

    async def test_a_command_that_fails_tells_its_last_words(
        self, place: Place, tmp_path: Path
    ) -> None:
        words: Any = [sys.executable, "-c", "import sys; print('no way'); sys.exit(3)"]
        fault = make_fault(self.kind, {"inject": words, "undo": words}, tmp_path)
        prepared = await fault.prepare(place)
        with pytest.raises(FaultError, match="exited with 3: no way"):
            await fault.end(prepared)

    async def test_a_command_that_takes_too_long_is_killed(
        self, place: Place, tmp_path: Path
    ) -> None:
        settings = {"inject": ["sleep", "60"], "undo": ["true"], "within": "100ms"}
        fault = make_fault(self.kind, settings, tmp_path)
        prepared = await fault.prepare(place)
        with pytest.raises(FaultError, match=r"took longer than 0\.1 s and was killed"):
            await fault.begin(prepared)

    def test_the_book_says_what_mends_it(self, settings: Settings, tmp_path: Path) -> None:
        found = [
            make_fault(self.kind, {**settings, **more}, tmp_path).mended()
            for more in ({}, {"mended_by": "restart"})
        ]
        assert found == [Mended.UNDO, Mended.RESTART]

    def test_it_is_told_by_its_words(self, fault: Fault) -> None:
        assert fault.subject == "touch hurt"
