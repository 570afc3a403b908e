"""What orders leave behind is on disk, whole, private, and found again."""

import os
from pathlib import Path

import pytest

from opsbook.services.standing import Standing, Stop

STOP = Stop("ada", "new rack", reached=True)


def test_a_stop_and_a_scaling_are_found_by_a_later_life(tmp_path: Path) -> None:
    first = Standing(tmp_path / "a.orders")
    assert first.stopped(STOP) == first.scaled(1_700_000_000.5) == ""
    later = Standing(tmp_path / "a.orders")
    assert (later.stop, later.scaled_at) == (STOP, 1_700_000_000.5)
    later.stopped(None)
    assert Standing(tmp_path / "a.orders").stop is None
    assert [file.name for file in tmp_path.iterdir()] == ["a.orders"]


def test_its_file_is_private(tmp_path: Path) -> None:
    Standing(tmp_path / "a.orders").stopped(STOP)
    assert (tmp_path / "a.orders").stat().st_mode & 0o777 == 0o600


def test_what_did_not_change_is_not_written(tmp_path: Path) -> None:
    Standing(tmp_path / "a.orders").stopped(None)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_takes_nothing_is_told_and_the_stop_stands_until_the_end(
    tmp_path: Path,
) -> None:
    standing = Standing(tmp_path / "no-such-directory/a.orders")
    assert "a.orders cannot be written (No such file or directory)" in standing.stopped(STOP)
    assert standing.stop == STOP


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"stop": {"who": 1}, "scaled_at": null}'])
def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.orders").write_text(text)
    assert Standing(tmp_path / "a.orders").stop is None
    assert "so no stop by order is known" in caplog.text


def test_a_stop_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Standing(tmp_path / "a.orders").stopped(STOP)

    def cut(_: int) -> None:
        raise OSError(5, os.strerror(5))

    monkeypatch.setattr("opsbook.services.standing.os.fsync", cut)
    assert Standing(tmp_path / "a.orders").stopped(None)
    assert Standing(tmp_path / "a.orders").stop == STOP
