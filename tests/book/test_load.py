"""What a bad book is told: everything at once, each with its place and the remedy."""

from pathlib import Path

import pytest

from opsbook.app.book import read_book
from opsbook.book.problems import BookError
from opsbook.probes.probe import probe_kinds
from tests.book.books import problems, read

GOLDEN = sorted((Path(__file__).parent.parent / "golden/book").glob("*.txt"))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_every_problem_is_told_with_its_place(file: Path, tmp_path: Path) -> None:
    book, _, expected = file.read_text(encoding="utf-8").partition("---\n")
    expected = expected.replace("@PROBES@", ", ".join(probe_kinds.names()))
    assert problems(tmp_path, book) == expected.splitlines()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="cannot be read: No such file"):
        read_book(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"# only a comment\n", "the file is empty"),
        (b"- a\n- b\n", "a book is a mapping (got a list)"),
        (b"platform: \xff\n", "not UTF-8 text (byte 10 is 0xff)"),
        (b"\x00\x01", "not YAML"),
        (b"a: &a [*a]\n", "stands inside of what it names"),
        (b"a: [[[[[[[[\n", "not YAML"),
        (b"? [a, b]\n: c\n", "a key must be a single word"),
    ],
)
def test_what_is_no_book_at_all_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "book.yaml"
    file.write_bytes(content)
    with pytest.raises(BookError) as error:
        read_book(file)
    assert said in str(error.value)


def test_aliases_that_multiply_are_stopped(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "aliases repeat too much" in problems(tmp_path, "\n".join(lines))[0]


def test_words_that_look_like_booleans_and_dates_are_text(tmp_path: Path) -> None:
    book = read(
        tmp_path,
        "services:\n  s:\n    process:\n      command: [on, 'no', yes, 2026-01-01, '0644', 0644]\n",
    )
    command = book.services["s"].controller.model_dump()["command"]
    assert command == ["on", "no", "yes", "2026-01-01", "0644", "0644"]


def test_paths_start_at_the_book(tmp_path: Path) -> None:
    text = "services: {s: {process: {command: [x], directory: sub/dir}}}\n"
    controller = read(tmp_path, text).services["s"].controller
    assert controller.model_dump()["directory"] == tmp_path / "sub/dir"


def test_merge_keys_share_settings_and_the_own_key_wins(tmp_path: Path) -> None:
    book = read(
        tmp_path,
        "checks:\n"
        "  a: &a {tcp: {host: localhost, port: 80}, every: 5s, timeout: 1s}\n"
        "  b: {<<: *a, every: 7s}\n",
    )
    assert (book.checks["b"].every, book.checks["b"].timeout) == (7, 1)
