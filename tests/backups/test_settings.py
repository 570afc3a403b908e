"""What a book may say of its backups, and what is told where it is wrong."""

from pathlib import Path

import pytest

from opsbook.app.book import read_book
from opsbook.book.problems import BookError
from tests.book.books import write_book

BOOK = """
platform: {name: shop}
backups:
  destinations:
    disk: {local: {directory: kept}}
  sets:
    orders:
      sqlite: {path: orders.db}
      to: [disk]
"""


def told(directory: Path, text: str) -> str:
    with pytest.raises(BookError) as error:
        read_book(write_book(directory, text, "book.yaml"))
    return str(error.value)


def test_a_set_has_its_source_and_its_destinations(tmp_path: Path) -> None:
    book = read_book(write_book(tmp_path, BOOK, "book.yaml"))
    assert book.backups is not None
    found = book.backups.sets["orders"]
    assert found.kind == "sqlite"
    assert found.source.subject == str(tmp_path / "orders.db")
    assert found.retention.at_least == 3


def test_a_destination_that_is_not_declared_is_told_with_its_place(tmp_path: Path) -> None:
    text = told(tmp_path, BOOK.replace("to: [disk]", "to: [disc]"))
    assert "backups.sets.orders.to" in text
    assert "did you mean disk?" in text


def test_an_interval_and_a_time_of_day_exclude_each_other(tmp_path: Path) -> None:
    text = told(tmp_path, BOOK + '      every: 1d\n      at: "02:30"\n')
    assert "keep `every` or `at`" in text


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("      days: [sun]\n", "give `at` too"),
        ("      every: 1d\n      days: [sun]\n", "give `at` too"),
        ("      classes: {full: {days: [sun], last: 4}}\n", "give `at` or `every`"),
        ('      at: "02:00"\n      days: [sunday]\n', "such as sun, first sun"),
        ('      at: "02:00"\n      days: [31]\n', "write 1 to 28, or last"),
    ],
)
def test_days_that_say_nothing_are_told(tmp_path: Path, said: str, remedy: str) -> None:
    assert remedy in told(tmp_path, BOOK + said)


def test_what_is_no_public_key_is_told(tmp_path: Path) -> None:
    text = told(tmp_path, BOOK + "  recipients: [AGE-SECRET-KEY-1]\n")
    assert "not a public key of age" in text


def test_a_drill_of_what_cannot_be_read_here_is_told(tmp_path: Path) -> None:
    key = "age1nfh947dkrmfz74r9sgun33y5r4hf98qegvnr6hhh62q0krmkt3nsxcnv83"
    text = told(tmp_path, BOOK + f"      drill: {{every: 7d}}\n  recipients: [{key}]\n")
    assert "backups.identity" in text


def test_an_assertion_that_expects_nothing_is_told(tmp_path: Path) -> None:
    drill = "      drill: {assertions: [{query: SELECT 1, value: {}}]}\n"
    assert "nothing is expected" in told(tmp_path, BOOK + drill)
