"""The file with a service's output: set aside without losing lines, and never growing on."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from opsbook.services.controller import ControllerError
from opsbook.services.output import Output, last_lines
from tests.services.controllers.bound import until


@pytest.fixture
def output(tmp_path: Path) -> Output:
    return Output(tmp_path / "api.log", largest=1000, generations=3)


def write(output: Output, text: str) -> None:
    descriptor = output.open()
    os.write(descriptor, text.encode())
    os.close(descriptor)


def kept(output: Output) -> dict[str, str]:
    return {file.name: file.read_text() for file in output.path.parent.iterdir()}


def test_older_output_moves_down_and_the_oldest_goes(output: Output) -> None:
    for line in "abcde":
        write(output, line)
        output.rotate()
    write(output, "f")
    assert kept(output) == {"api.log": "f", "api.log.1": "e", "api.log.2": "d", "api.log.3": "c"}


def test_generations_beyond_a_lower_limit_go(output: Output) -> None:
    for line in "abc":
        write(output, line)
        output.rotate()
    Output(output.path, largest=1000, generations=1).rotate()
    assert kept(output) == {"api.log": "", "api.log.1": ""}


def test_what_is_set_aside_is_private(output: Output) -> None:
    write(output, "a")
    output.rotate()
    assert {file.stat().st_mode & 0o777 for file in output.path.parent.iterdir()} == {0o600}


def test_a_disk_that_is_full_loses_nothing(output: Output) -> None:
    for line in "ab":
        write(output, line)
        output.rotate()
    write(output, "c")
    output.path.with_name("api.log.0").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        output.rotate()
    assert kept(output) == {"api.log": "c", "api.log.1": "b", "api.log.2": "a"}


async def test_a_program_goes_on_writing_where_it_was(output: Output) -> None:
    descriptor = output.open()
    program = subprocess.Popen(
        ["sh", "-c", "seq 500; sleep 0.3; seq 501 600"], stdout=descriptor, close_fds=True
    )
    os.close(descriptor)
    keeping = asyncio.create_task(output.keep_small())
    await asyncio.to_thread(program.wait)
    keeping.cancel()
    lines = "".join(kept(output)[name] for name in sorted(kept(output), reverse=True)).split()
    assert lines == [str(number) for number in range(1, 601)]
    assert "\0" not in output.path.read_text()


async def test_it_is_looked_at_at_once_for_programs_that_die_young(output: Output) -> None:
    write(output, "x" * 2000)
    keeping = asyncio.create_task(output.keep_small())
    await until(lambda: output.path.stat().st_size == 0, within=0.8)
    keeping.cancel()


async def test_a_missing_file_is_nothing_to_set_aside(output: Output) -> None:
    keeping = asyncio.create_task(output.keep_small())
    await asyncio.sleep(0.05)
    assert not keeping.done()
    keeping.cancel()


def test_a_flood_ends_the_copying_and_the_gap_is_told(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(output, "x" * 3000)
    monkeypatch.setattr("opsbook.services.output._BLOCK", 500)
    copied = Output._make_room

    def flooded(self: Output) -> None:
        write(output, "y" * 9000)
        copied(self)

    monkeypatch.setattr(Output, "_make_room", flooded)
    output.rotate()
    aside = kept(output)["api.log.1"]
    assert aside.startswith("x" * 3000 + "y" * 1000)
    assert aside.endswith("[8000 bytes came faster than they could be kept]\n")
    assert kept(output)["api.log"] == ""


def test_last_words_are_short_and_only_the_new_ones(output: Output) -> None:
    write(output, "before\n")
    position = output.path.stat().st_size
    write(output, "after\n")
    assert output.since(position) == "after"
    write(output, "é" * 5_000)
    assert len(output.since(position).encode()) <= 2_010


@pytest.mark.parametrize("position", [0, 10_000])
def test_there_are_last_words_after_a_rotation_too(output: Output, position: int) -> None:
    write(output, "words")
    assert output.since(position) in ("words", "")


def test_a_place_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    with pytest.raises(ControllerError, match=r"cannot write to .*/none/api.log"):
        Output(tmp_path / "none" / "api.log").open()


def test_the_last_lines_are_cut_where_they_are_long_and_say_whether_there_was_more(
    tmp_path: Path,
) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"one\ntwo\xff\n" + b"x" * 5_000 + b"\n")
    assert last_lines(log, 3) == (["one", "two\ufffd", "x" * 4_000], True)
    log.write_text("one\ntwo\n")
    assert last_lines(log, 3) == (["one", "two"], False)
    assert last_lines(log, 1) == (["two"], True)


def test_of_a_large_file_only_the_end_is_read(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("first line\n" * 200_000 + "last\n")
    lines, more = last_lines(log, 5_000)
    assert (lines[0], lines[-1], more) == ("first line", "last", True)
