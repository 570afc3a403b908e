"""Books in several files."""

from pathlib import Path

import pytest

from opsbook.book.problems import BookError, Mark
from opsbook.book.source import dotted, read_source


def write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / f"{name}.yaml").write_text(text, encoding="utf-8")
    return directory / "book.yaml"


def test_sections_of_included_files_add_up_and_keep_their_places(tmp_path: Path) -> None:
    book = write(
        tmp_path,
        book="include: [more.yaml]\nchecks:\n  a: {x: 1}\nwindows: [1]\n",
        more="\nchecks:\n  b: {y: 2}\nwindows: [2]\n",
    )
    source = read_source(book)
    assert source.data == {"checks": {"a": {"x": 1}, "b": {"y": 2}}, "windows": [2, 1]}
    assert source.mark(("checks", "b", "y")) == Mark(tmp_path / "more.yaml", 3, 10)
    assert source.mark(("checks", "a", "x")) == Mark(book, 3, 10)


def test_a_pattern_includes_all_that_it_finds_and_may_find_nothing(tmp_path: Path) -> None:
    book = write(
        tmp_path,
        book="include: ['part-*.yaml', 'none-*.yaml']\n",
        **{"part-1": "a: 1\n", "part-2": "b: 2\n"},
    )
    assert read_source(book).data == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"book": "include: none.yaml\n"}, "no such file (got 'none.yaml')"),
        ({"book": "include: {a: b}\n"}, "not a list of files"),
        ({"book": "include: book.yaml\n"}, "includes itself"),
        ({"book": "include: b.yaml\n", "b": "include: book.yaml\n"}, "includes itself"),
        ({"book": "x: 1\ninclude: b.yaml\n", "b": "x: 2\n"}, "duplicate key (got 'x' again)"),
        (
            {"book": "c: {x: 1}\ninclude: b.yaml\n", "b": "c: {x: 2}\n"},
            "it stands at",
        ),
    ],
)
def test_an_include_that_cannot_be_is_told(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    with pytest.raises(BookError) as error:
        read_source(write(tmp_path, **files))
    assert said in str(error.value)


def test_a_path_is_written_as_people_write_it() -> None:
    assert dotted(("checks", "web", "behind", 0)) == "checks.web.behind[0]"
