"""`restore`"""

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


def wanted(stage: Stage) -> dict[str, str]:
    return {"set": "orders", "into": f"{stage.home}/new-{{{{ run.id }}}}"}


class TestRestore(StepContract):
    kind = "restore"

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        return wanted(stage)

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return {**wanted(stage), "backup": "20010101-000000"}

    def effects(self, stage: Stage) -> int:
        return len(list(stage.home.glob("new-*")))


async def test_what_exists_is_never_restored_into(stage: Recovering, tmp_path: Path) -> None:
    (tmp_path / "new-r1").write_text("precious")
    with pytest.raises(ActionFailedError, match="exists: nothing is restored into it"):
        await stage.carry_out("restore", wanted(stage))
    assert (tmp_path / "new-r1").read_text() == "precious"


async def test_what_services_use_is_no_fresh_name_even_when_it_is_lost(stage: Recovering) -> None:
    stage.production.unlink()
    with pytest.raises(ActionFailedError, match="what services use"):
        await stage.carry_out("restore", {"set": "orders", "into": str(stage.production)})
    assert not stage.production.exists()


async def test_undone_it_removes_what_this_run_restored(stage: Recovering, tmp_path: Path) -> None:
    await stage.carry_out("restore", wanted(stage))
    assert (tmp_path / "new-r1").exists()
    await stage.carry_out("restore", {**wanted(stage), "undo": True}, path="undo")
    assert not (tmp_path / "new-r1").exists()


async def test_undone_it_leaves_what_another_run_made(stage: Recovering, tmp_path: Path) -> None:
    (tmp_path / "new-r1").write_text("precious")
    await stage.carry_out("restore", {**wanted(stage), "undo": True})
    assert (tmp_path / "new-r1").read_text() == "precious"
