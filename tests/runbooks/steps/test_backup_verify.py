"""`backup-verify`"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsbook.runbooks.action import ActionFailedError
from tests.runbooks.steps.contract import Settings, StepContract
from tests.runbooks.steps.recovering import Recovering
from tests.runbooks.steps.stage import Stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Recovering]:
    stage = Recovering(tmp_path)
    yield stage
    await stage.close()


class TestBackupVerify(StepContract):
    kind = "backup-verify"

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        return {"set": "orders", "depth": "open"}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return {"set": "orders", "backup": "20010101-000000"}


async def test_a_damaged_backup_is_not_proven(stage: Recovering, tmp_path: Path) -> None:
    part = next(each for each in tmp_path.glob(f"a/**/{stage.made}/*") if "sqlite" in each.name)
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(content)
    with pytest.raises(ActionFailedError) as caught:
        await stage.carry_out("backup-verify", {"set": "orders"})
    assert caught.value.result["proven"] is False


async def test_what_the_set_backs_up_is_held_against_the_backup(stage: Recovering) -> None:
    same = {"set": "orders", "place": ""}
    assert (await stage.carry_out("backup-verify", same))["proven"] is True
    stage.damage()
    with pytest.raises(ActionFailedError, match=r"orders\.db"):
        await stage.carry_out("backup-verify", same, run="r2")


async def test_there_and_gone_are_told_apart(stage: Recovering, tmp_path: Path) -> None:
    look = {"set": "orders", "place": str(tmp_path / "nothing")}
    await stage.carry_out("backup-verify", {**look, "state": "gone"})
    with pytest.raises(ActionFailedError, match="nothing is gone"):
        await stage.carry_out("backup-verify", {**look, "state": "there"}, run="r2")
