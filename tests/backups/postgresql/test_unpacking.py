"""A dump is unpacked beside other work, and gone after it."""

import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from opsbook.backups.postgresql.unpacking import DUMP, unpacked
from opsbook.backups.source import SourceError
from tests.backups.sources.work import make_work


class Stalling(io.BytesIO):
    """Gives one block, and the rest only when it is told to."""

    def __init__(self) -> None:
        super().__init__(b"one" + b"two")
        self.free = threading.Event()

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            assert self.free.wait(10)
        return super().read(3)


class Damaged(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise SourceError("a bit is wrong")


def of(content: BinaryIO) -> dict[str, Callable[[], BinaryIO]]:
    return {DUMP: lambda: content}


def test_it_goes_on_while_something_else_is_done(tmp_path: Path) -> None:
    content = Stalling()
    with unpacked(of(content), make_work(tmp_path), "bank") as dump:
        content.free.set()  # reached before the dump is whole
        assert dump().read_bytes() == b"onetwo"


def test_with_the_block_it_is_gone(tmp_path: Path) -> None:
    with unpacked(of(io.BytesIO(b"rows")), make_work(tmp_path), "bank") as dump:
        path = dump()
    assert not path.exists()


def test_a_damaged_backup_is_said_when_the_dump_is_asked_for(tmp_path: Path) -> None:
    with (
        unpacked(of(Damaged()), make_work(tmp_path), "bank") as dump,
        pytest.raises(SourceError, match="a bit is wrong"),
    ):
        dump()


def test_who_waits_is_told_when_the_work_is_stopped(tmp_path: Path) -> None:
    content, work = Stalling(), make_work(tmp_path)
    with unpacked(of(content), work, "bank") as dump:
        work.stopping.set()
        with pytest.raises(SourceError, match="stopped"):
            dump()
        content.free.set()


def test_it_ends_where_the_other_work_fails(tmp_path: Path) -> None:
    content = Stalling()
    with (
        pytest.raises(ZeroDivisionError),
        unpacked(of(content), make_work(tmp_path), "bank"),
    ):
        content.free.set()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    assert not [each for each in threading.enumerate() if each.name.startswith("unpack")]
