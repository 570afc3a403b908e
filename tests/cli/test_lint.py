"""`opsbook lint`"""

from pathlib import Path

from tests.cli.run import opsbook


def test_a_good_book_is_told_in_one_line(tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text("platform: {name: example}\nchecks: {c: {tcp: {host: localhost, port: 1}}}\n")
    linted = opsbook("lint", book)
    assert linted.returncode == 0
    assert linted.stdout == f"{book}: platform example, 0 services, 1 check: nothing wrong\n"


def test_a_bad_book_ends_with_2_and_every_problem_on_a_line(tmp_path: Path) -> None:
    book = tmp_path / "book.yaml"
    book.write_text("platform: {nam: example}\nchecks: {c: {every: 3}}\n")
    linted = opsbook("lint", book)
    assert linted.returncode == 2
    assert linted.stdout == ""
    assert len(linted.stderr.splitlines()) == 4
    assert "did you mean name?" in linted.stderr
