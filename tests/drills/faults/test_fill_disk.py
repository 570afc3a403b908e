"""`fill-disk`"""

import os
from pathlib import Path

import pytest

from opsbook.drills.fault import Fault, FaultError, Place, Prepared
from tests.drills.faults.contract import FaultContract, Settings, make_fault

MIB = 1024 * 1024


class TestFillDisk(FaultContract):
    kind = "fill-disk"
    hopeless = {"directory": "no-such", "up_to": "1 MiB", "leave_free": "0 B"}

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        (tmp_path / "full").mkdir()
        (tmp_path / "full/kept").write_bytes(b"kept")
        self._directory = tmp_path / "full"
        return {"directory": "full", "up_to": "70 MiB", "leave_free": "100 MiB"}

    def state(self, settings: Settings) -> object:
        return {file.name: file.stat().st_blocks for file in self._directory.iterdir()}

    async def test_it_takes_real_blocks_and_no_more_than_it_may(
        self, fault: Fault, prepared: Prepared
    ) -> None:
        await fault.begin(prepared)
        found = Path(prepared["file"]).stat()
        await fault.end(prepared)
        assert found.st_size == 70 * MIB
        assert found.st_blocks * 512 >= found.st_size

    async def test_what_must_stay_free_stays_free(
        self, settings: Settings, place: Place, tmp_path: Path
    ) -> None:
        found = os.statvfs(tmp_path)
        free = found.f_bavail * found.f_frsize
        kept = free // 1_000_000 * 1_000_000 - 5_000_000
        tight = {**settings, "up_to": "1 TB", "leave_free": f"{kept} B"}
        fault = make_fault(self.kind, tight, tmp_path)
        prepared = await fault.prepare(place)
        await fault.begin(prepared)
        size = file.stat().st_size if (file := Path(prepared["file"])).exists() else 0
        await fault.end(prepared)
        assert size <= 64 * MIB

    async def test_a_disk_that_is_full_already_is_not_filled(
        self, settings: Settings, place: Place, tmp_path: Path
    ) -> None:
        fault = make_fault(self.kind, {**settings, "leave_free": "1 PB"}, tmp_path)
        with pytest.raises(FaultError, match="must stay free; nothing was filled"):
            await fault.prepare(place)
