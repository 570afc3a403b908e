"""A full disk while a run is under way: it waits or says why, and goes on when there is room."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from opsbook.app.app import App
from opsbook.durable.model import RunState
from opsbook.runbooks.model import Request
from opsbook.state.ledger import verify
from tests.crash.hearing import Hearing, hearing
from tests.crash.platform import ADA, all_told, mended, platform_book, until
from tests.crash.running import running
from tests.crash.test_full_disk import fill
from tests.eventually import eventually
from tests.servers.disk import small_disk


@pytest.fixture
def heard() -> Iterator[Hearing]:
    with hearing() as server:
        yield server


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "16m") as place:
        yield place


def carried(app: App) -> bool:
    return app.runs is not None and app.runs.opened.is_set()


async def test_a_command_under_way_is_neither_lost_nor_done_again(
    tmp_path: Path, disk: Path, heard: Hearing
) -> None:
    effects = tmp_path / "effects"
    book = platform_book(tmp_path, heard.url, takes=1.0)
    async with running(book, disk / "data") as app:
        run = asyncio.create_task(mended(app))
        await eventually(effects.exists, 20)
        filler = fill(disk)
        looked = app.watch.checks["a-greets"].outcome
        await asyncio.sleep(3)
        assert app.watch.checks["a-greets"].outcome is not looked
        assert not run.done()
        assert app.ledger.trouble == "database or disk is full"
        filler.unlink()
        view = await asyncio.wait_for(run, 30)
        async with asyncio.timeout(20):
            await until(lambda: all_told(app))
        assert await app.ledger.flush(10)
        assert verify(app.engine).problem is None
    assert view.state is RunState.SUCCEEDED, view
    assert effects.read_text() == "mended\n"
    assert {name: told.total() for name, told in heard.posts.items()} == {
        "keyed": 1,
        "plain": 1,
        "duty": 1,
    }


async def test_a_run_that_cannot_be_written_down_is_refused_and_can_be_asked_for_again(
    tmp_path: Path, disk: Path, heard: Hearing
) -> None:
    book = platform_book(tmp_path, heard.url)
    async with running(book, disk / "data") as app:
        await eventually(lambda: carried(app) and app.incidents.watched, 20)
        filler = fill(disk)
        assert app.runbooks is not None
        with pytest.raises(OperationalError, match="disk is full"):
            await app.runbooks.request(Request("mend", ADA, "it is broken"))
        await asyncio.sleep(1)
        assert not (tmp_path / "effects").exists()
        filler.unlink()
        view = await asyncio.wait_for(mended(app), 30)
    assert view.state is RunState.SUCCEEDED, view
    assert (tmp_path / "effects").read_text() == "mended\n"
