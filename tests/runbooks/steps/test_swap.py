"""`swap`"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from opsbook.runbooks.action import ActionFailedError
from tests.runbooks.steps.contract import Settings, StepContract
from tests.runbooks.steps.recovering import Recovering
from tests.runbooks.steps.stage import Stage, StageCourse


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Recovering]:
    stage = Recovering(tmp_path)
    stage.production.write_text("old")
    yield stage
    await stage.close()


def wanted(stage: Stage, **more: Any) -> dict[str, Any]:
    names = {
        "fresh": f"{stage.home}/new-{{{{ run.id }}}}",
        "keep": f"{stage.home}/old-{{{{ run.id }}}}",
    }
    return {"set": "orders", **names, **more}


def found(home: Path) -> dict[str, str]:
    files = [*home.glob("new-*"), *home.glob("old-*"), home / "orders.db"]
    return {each.name: each.read_text() for each in files if each.exists()}


class TestSwap(StepContract):
    kind = "swap"

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        return wanted(stage)

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return wanted(stage, fresh=f"{stage.home}/missing")

    def course(self, stage: Stage, **changes: Any) -> StageCourse:
        """Each run has restored something of its own, once."""
        run = changes.get("run", "r1")
        if not (stage.home / f"old-{run}").exists():
            (stage.home / f"new-{run}").write_text(run)
        return super().course(stage, **changes)

    def effects(self, stage: Stage) -> int:
        return len(list(stage.home.glob("old-*")))


async def test_what_was_there_is_kept(stage: Recovering, tmp_path: Path) -> None:
    (tmp_path / "new-r1").write_text("new")
    result = await stage.carry_out("swap", wanted(stage))
    assert found(tmp_path) == {"orders.db": "new", "old-r1": "old"}
    assert result["kept"] == str(tmp_path / "old-r1")


async def test_its_log_goes_with_it(stage: Recovering, tmp_path: Path) -> None:
    """A log left beside the new file would be applied to it."""
    (tmp_path / "new-r1").write_text("new")
    (tmp_path / "orders.db-wal").write_text("log")
    await stage.carry_out("swap", wanted(stage))
    assert not (tmp_path / "orders.db-wal").exists()
    assert (tmp_path / "old-r1-wal").read_text() == "log"


@pytest.mark.parametrize("lost", [False, True])
async def test_taken_back_everything_is_as_it_was(
    stage: Recovering, tmp_path: Path, lost: bool
) -> None:
    (tmp_path / "new-r1").write_text("new")
    if lost:
        stage.production.unlink()
    before = found(tmp_path)
    await stage.carry_out("swap", wanted(stage))
    for path in ("undo", "undo-again"):
        await stage.carry_out("swap", wanted(stage, undo=True), path=path)
        assert found(tmp_path) == before


async def test_what_never_began_is_not_taken_back(stage: Recovering, tmp_path: Path) -> None:
    (tmp_path / "old-r1").write_text("precious")
    before = found(tmp_path)
    await stage.carry_out("swap", wanted(stage, undo=True))
    assert found(tmp_path) == before


async def test_nothing_is_kept_over_something(stage: Recovering, tmp_path: Path) -> None:
    (tmp_path / "new-r1").write_text("new")
    (tmp_path / "old-r1").write_text("precious")
    before = found(tmp_path)
    with pytest.raises(ActionFailedError, match="old-r1 exists"):
        await stage.carry_out("swap", wanted(stage))
    assert found(tmp_path) == before


@pytest.mark.parametrize("undo", [False, True])
async def test_cut_short_between_its_renames_it_can_go_on_or_back(
    stage: Recovering, tmp_path: Path, undo: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new-r1").write_text("new")
    rename = Path.rename

    def dying(self: Path, target: Path) -> Path:
        if self.name == "new-r1":
            raise OSError(5, "it died here")
        return rename(self, target)

    with monkeypatch.context() as patched, pytest.raises(Exception, match="it died here"):
        patched.setattr(Path, "rename", dying)
        await stage.carry_out("swap", wanted(stage))
    assert found(tmp_path) == {"new-r1": "new", "old-r1": "old"}
    await stage.carry_out("swap", wanted(stage, undo=undo), attempt="0.2")
    if undo:
        assert found(tmp_path) == {"new-r1": "new", "orders.db": "old"}
    else:
        assert found(tmp_path) == {"orders.db": "new", "old-r1": "old"}
