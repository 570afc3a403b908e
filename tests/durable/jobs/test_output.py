"""What a job wrote, read back by the numbers of its bytes."""

from pathlib import Path

from opsbook.durable.jobs.output import JobOutput
from opsbook.durable.jobs.wrapper import Output


def written(directory: Path, keep: int, *blocks: bytes) -> JobOutput:
    output = Output(directory, keep)
    for block in blocks:
        output.write(block)
    return JobOutput(directory)


def all_of(output: JobOutput, most: int = 7) -> list[tuple[int, str]]:
    pieces = []
    position = 0
    while (piece := output.read(position, ended=True, most=most)).text:
        pieces.append((piece.start, piece.text))
        position = piece.end
    return pieces


def test_all_of_a_short_output_is_kept(tmp_path: Path) -> None:
    output = written(tmp_path, 1000, b"one\n", b"two\n")
    assert all_of(output, most=1000) == [(0, "one\ntwo\n")]
    assert (output.last(), output.size()) == ("one\ntwo", 8)


def test_head_and_tail_of_a_long_output_are_kept(tmp_path: Path) -> None:
    output = written(tmp_path, 40, *(b"line %02d\n" % number for number in range(20)))
    kept = all_of(output, most=1000)
    assert kept[0] == (0, "line 00\nline 01\nline")
    text = "".join(piece for _, piece in kept)
    assert text.endswith("line 19\n")
    assert len(text) <= 40
    assert output.size() == 160


def test_it_is_kept_however_it_comes_in(tmp_path: Path) -> None:
    text = b"".join(b"%d," % number for number in range(100))
    (tmp_path / "whole").mkdir()
    (tmp_path / "bytes").mkdir()
    whole = written(tmp_path / "whole", 64, text)
    bytewise = written(tmp_path / "bytes", 64, *(bytes([each]) for each in text))
    assert all_of(whole) == all_of(bytewise)


def test_lines_are_not_torn_apart(tmp_path: Path) -> None:
    output = written(tmp_path, 1000, b"one\ntwo\nthr")
    piece = output.read(0, ended=False)
    assert (piece.text, piece.end) == ("one\ntwo\n", 8)
    assert output.read(8, ended=False).text == ""
    assert output.read(8, ended=True).text == "thr"


def test_a_line_without_end_is_given_in_parts(tmp_path: Path) -> None:
    output = written(tmp_path, 1000, b"x" * 100)
    assert output.read(0, ended=False, most=40).text == "x" * 40


def test_a_line_over_the_end_of_a_file_is_read_on(tmp_path: Path) -> None:
    output = written(tmp_path, 40, b"0123456789" * 3)
    first = output.read(0, ended=False)
    assert first.text == "0123456789" * 2
    assert output.read(first.end, ended=True).text == "0123456789"


def test_what_is_no_text_is_shown_all_the_same(tmp_path: Path) -> None:
    assert (
        written(tmp_path, 1000, b"\xff\n").read(0, ended=True).text == "\N{REPLACEMENT CHARACTER}\n"
    )


def test_nothing_written_is_nothing(tmp_path: Path) -> None:
    output = JobOutput(tmp_path)
    assert (output.last(), output.size()) == ("", 0)
    assert output.read(0, ended=True).text == ""
