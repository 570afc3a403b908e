"""What waits to be sent survives everything but being sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.metrics.remote.outbox import Outbox, Row

MEGABYTE = 1024 * 1024
NOISE = bytes(range(256)) * 4


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path / "outbox", MEGABYTE)
    yield opened
    opened.close()


def test_rows_come_out_in_the_order_in_which_they_went_in(outbox: Outbox) -> None:
    rows = [Row(number, b"row %d" % number) for number in range(5)]
    for row in rows:
        assert outbox.put(row)
    parcel = outbox.take()
    assert parcel is not None
    assert parcel.rows == rows


def test_a_parcel_comes_again_until_it_is_done(outbox: Outbox) -> None:
    outbox.put(Row(1, b"first"))
    first = outbox.take()
    outbox.put(Row(1, b"second"))
    assert first == outbox.take()
    assert first is not None
    outbox.done(first)
    second = outbox.take()
    assert second is not None
    assert second.rows == [Row(1, b"second")]
    outbox.done(second)
    assert outbox.take() is None
    assert outbox.nbytes == 0


def test_a_mark_is_passed_when_what_came_before_is_done(outbox: Outbox) -> None:
    assert outbox.passed(outbox.mark())
    outbox.put(Row(1, b"first"))
    mark = outbox.mark()
    parcel = outbox.take()
    outbox.put(Row(1, b"second"))
    assert not outbox.passed(mark)
    assert parcel is not None
    outbox.done(parcel)
    assert outbox.passed(mark)
    assert not outbox.passed(outbox.mark())


def test_another_life_finds_what_was_not_done(outbox: Outbox, tmp_path: Path) -> None:
    outbox.put(Row(3, b"waits"))
    again = Outbox(tmp_path / "outbox", MEGABYTE)
    again.put(Row(1, b"comes later"))
    parcel = again.take()
    assert parcel is not None
    assert parcel.rows == [Row(3, b"waits")]
    again.close()


def test_there_is_room_for_so_many_bytes(outbox: Outbox) -> None:
    taken = 0
    while outbox.put(Row(1, NOISE + b"%d" % taken)):
        taken += 1
    assert 0 < MEGABYTE - outbox.nbytes < 2 * len(NOISE)
    parcel = outbox.take()
    assert parcel is not None
    outbox.done(parcel)
    assert outbox.put(Row(1, NOISE))


def test_a_torn_file_gives_what_is_whole_and_is_told(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "outbox", MEGABYTE)
    first.put(Row(1, b"whole"))
    first.put(Row(1, b"torn"))
    first.close()
    (file,) = (tmp_path / "outbox").glob("*.wal")
    file.write_bytes(file.read_bytes()[:-2])
    again = Outbox(tmp_path / "outbox", MEGABYTE)
    parcel = again.take()
    assert parcel is not None
    assert parcel.rows == [Row(1, b"whole")]
    assert [problem.file for problem in again.problems] == [file]
    again.close()


def test_its_files_are_private(outbox: Outbox) -> None:
    outbox.put(Row(1, b"secret"))
    kept = [outbox.directory, *outbox.directory.iterdir()]
    assert [file for file in kept if file.stat().st_mode & 0o077] == []
