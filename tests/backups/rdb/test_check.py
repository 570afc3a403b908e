import os

import pytest

from opsbook.backups.rdb.check import Check
from opsbook.backups.rdb.crc import Crc64
from opsbook.backups.source import SourceError


def snapshot(content: bytes, *, summed: bool = True) -> bytes:
    body = b"REDIS0010" + content + b"\xff"
    crc = Crc64()
    crc.update(body)
    return body + (crc.value if summed else 0).to_bytes(8, "little")


def through(blocks: list[bytes]) -> tuple[bytes, Check]:
    check = Check("here")
    return b"".join(check.passing(blocks)), check


@pytest.mark.parametrize("size", [0, 5, 1024 * 1024, 3_000_001])
@pytest.mark.parametrize("block", [7000, 1024 * 1024])
def test_a_whole_snapshot_passes_unchanged(size: int, block: int) -> None:
    whole = snapshot(os.urandom(size))
    blocks = [whole[start : start + block] for start in range(0, len(whole), block)]
    assert through(blocks)[0] == whole


def test_the_version_is_told() -> None:
    assert through([snapshot(b"x")])[1].version == 10


def test_a_snapshot_without_a_sum_passes_and_is_told() -> None:
    assert not through([snapshot(b"x", summed=False)])[1].summed


@pytest.mark.parametrize("kept", [0, 5, 9, 100, 1008])
def test_a_snapshot_that_was_cut_off_does_not_pass(kept: int) -> None:
    with pytest.raises(SourceError, match="here"):
        through([snapshot(bytes(1000))[:kept]])
