"""`kill`"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.core.procfs import ProcessIdentity
from opsbook.drills.fault import Fault, FaultError, Mended, Place, Prepared
from tests.drills.faults.contract import FaultContract, Settings
from tests.drills.faults.sleeper import letter, sleeper


class TestKill(FaultContract):
    kind = "kill"
    hopeless = {"service": "nobody"}

    @pytest.fixture
    def process(self) -> Iterator[ProcessIdentity]:
        with sleeper() as process:
            yield process

    @pytest.fixture
    def settings(self, process: ProcessIdentity) -> Settings:
        self._pid = process.pid
        return {"service": "a"}

    @pytest.fixture
    def place(self, process: ProcessIdentity, tmp_path: Path) -> Place:
        def find(service: str) -> ProcessIdentity:
            if service != "a":
                raise FaultError(f"{service} has no process")
            return process

        return Place("run-1", tmp_path, find)

    def state(self, settings: Settings) -> object:
        return letter(self._pid)

    async def test_begun_twice_and_ended_twice_everything_is_as_it_was(
        self, fault: Fault, prepared: Prepared, settings: Settings
    ) -> None:
        """What was killed stays so: the watch starts it again."""
        for _ in range(2):
            await fault.begin(prepared)
            await fault.end(prepared)
        assert self.state(settings) == "Z"

    def test_a_restart_mends_it(self, fault: Fault) -> None:
        assert (fault.target(), fault.mended()) == ("a", Mended.RESTART)
