"""A right that one process has."""

import asyncio
from pathlib import Path

import pytest

from opsbook.app import held
from opsbook.app.held import Held
from opsbook.durable.lock import CarrierLock, FileLock, TakenError
from tests.eventually import eventually


class Shaky(CarrierLock):
    """A lock that is lost, and taken by another meanwhile, when the test says so."""

    def __init__(self) -> None:
        self.lost: str | None = None
        self.taken = False

    def take(self) -> None:
        self.taken = False

    def keep(self) -> str | None:
        if self.taken:
            raise TakenError("somebody has it")
        return self.lost

    def release(self) -> None:
        self.taken = False


def test_a_process_that_has_just_died_is_given_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = FileLock(tmp_path / "lock", "x")
    first.take()
    monkeypatch.setattr("opsbook.app.held.time.sleep", lambda seconds: first.release())
    Held(FileLock(tmp_path / "lock", "x"), "it is taken").close()


def test_one_that_lives_keeps_it_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "_PATIENCE", 0.1)
    first = FileLock(tmp_path / "lock", "x")
    first.take()
    with pytest.raises(TakenError, match="it is taken"):
        Held(FileLock(tmp_path / "lock", "x"), "it is taken")
    first.release()


async def test_a_lock_that_is_lost_is_trouble_and_one_that_another_has_is_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(held, "_KEEP_EVERY", 0.01)
    lock = Shaky()
    right = Held(lock, "it is taken")
    keeping = asyncio.create_task(right.keep())
    lock.lost = "the server is gone"
    await eventually(lambda: right.trouble == "the server is gone")
    lock.lost = None
    await eventually(lambda: right.trouble is None)
    lock.taken = True
    with pytest.raises(TakenError, match="it is taken"):
        await keeping
