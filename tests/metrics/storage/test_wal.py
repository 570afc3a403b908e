"""The log's segments: whole records, in order, whatever the disk does."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opsbook.metrics.storage.wal import Wal, read_segment
from opsbook.metrics.store import Problem


def read(wal: Wal) -> list[bytes]:
    problems: list[Problem] = []
    found = [bytes(one) for path in wal.segments() for one in read_segment(path, problems)]
    assert problems == []
    return found


def full(wal: Wal) -> bool:
    return wal.full


@contextmanager
def full_disk(bytes_per_file: int) -> Iterator[None]:
    """The kernel really refuses to write beyond this, with a part written before it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_per_file, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_records_come_back_in_order_over_segments(tmp_path: Path) -> None:
    wal = Wal(tmp_path)
    wal.append([b"one", b"two"])
    wal.rotate()
    wal.append([b"three"])
    assert len(wal.segments()) == 2
    assert read(wal) == [b"one", b"two", b"three"]
    wal.close()


def test_a_record_is_with_the_kernel_when_append_returns(tmp_path: Path) -> None:
    wal = Wal(tmp_path)
    wal.append([b"one"])
    assert read(Wal(tmp_path)) == [b"one"]
    wal.close()


def test_a_full_disk_is_told_and_nothing_is_lost_when_there_is_room_again(tmp_path: Path) -> None:
    wal = Wal(tmp_path)
    wal.append([b"before"])
    with full_disk(wal.size + 50):
        wal.append([b"x" * 100])
        wal.append([b"y"])
        assert str(tmp_path) in str(wal.trouble)
        assert read(wal) == [b"before"]
        assert not wal.rotate()
    wal.append([b"after"])
    assert wal.trouble is None, wal.trouble
    assert read(wal) == [b"before", b"x" * 100, b"y", b"after"]
    wal.close()


def test_a_disk_that_stays_full_is_no_hole_for_memory(tmp_path: Path) -> None:
    wal = Wal(tmp_path)
    with full_disk(50):
        while not full(wal):
            wal.append([b"x" * 1_000_000])
        assert wal.size < 20_000_000
    assert not full(wal)
    assert read(wal)[-1] == b"x" * 1_000_000
    wal.close()


@pytest.mark.parametrize("tail", [b"\0" * 64, b"\xff" * 64, b"\1\0\0", b"\1\0\0\0abcdX"])
def test_what_is_no_record_ends_the_segment_and_is_named(tmp_path: Path, tail: bytes) -> None:
    wal = Wal(tmp_path)
    wal.append([b"one"])
    wal.close()
    (path,) = wal.segments()
    size = path.stat().st_size
    path.write_bytes(path.read_bytes() + tail)
    problems: list[Problem] = []
    assert [bytes(one) for one in read_segment(path, problems)] == [b"one"]
    assert [(problem.file, problem.offset) for problem in problems] == [(path, size)]


def test_closing_twice_is_no_error_and_leaves_no_file_open(tmp_path: Path) -> None:
    opened = len(list(Path("/proc/self/fd").iterdir()))
    wal = Wal(tmp_path)
    wal.append([b"one"])
    wal.rotate()
    wal.append([b"two"])
    wal.close()
    wal.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == opened
