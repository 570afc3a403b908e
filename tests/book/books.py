"""Books for tests, and what is wrong with them."""

from pathlib import Path

from opsbook.app.book import Book, read_book
from opsbook.book.problems import BookError


def write_book(directory: Path, text: str, name: str = "book.yaml") -> Path:
    """A book in a file, with a platform unless the text has one."""
    file = directory / name
    platform = "" if "platform:" in text else "platform: {name: example}\n"
    file.write_text(platform + text, encoding="utf-8")
    return file


def read(directory: Path, text: str) -> Book:
    return read_book(write_book(directory, text))


def problems(directory: Path, text: str) -> list[str]:
    """The problems of a book as a person reads them, less the directory."""
    file = write_book(directory, text)
    try:
        read_book(file)
    except BookError as error:
        return [str(problem).replace(f"{directory}/", "") for problem in error.problems]
    return []
