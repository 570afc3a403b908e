"""`hang`"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from opsbook.core.procfs import ProcessIdentity
from opsbook.drills.fault import Fault, FaultError, Mended, Place
from tests.drills.faults.contract import FaultContract, Settings
from tests.drills.faults.sleeper import letter, sleeper


class TestHang(FaultContract):
    kind = "hang"
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

    async def test_another_process_with_the_same_number_is_left_alone(
        self, fault: Fault, place: Place, process: ProcessIdentity
    ) -> None:
        later = replace(process, start_ticks=process.start_ticks + 1)
        prepared = await fault.prepare(replace(place, process=lambda _: later))
        await fault.begin(prepared)
        assert letter(process.pid) == "S"

    def test_a_restart_mends_it(self, fault: Fault) -> None:
        assert (fault.target(), fault.mended()) == ("a", Mended.RESTART)
