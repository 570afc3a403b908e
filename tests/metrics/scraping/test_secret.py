"""Secrets of scrapes: references in a book, plain in a file of Prometheus, never shown."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.book.model import Section
from opsbook.core.secrets import Secret
from opsbook.metrics.scraping.secret import HeldSecret, PlainSecret, at_most_one, in_file


class Held(Section):
    password: HeldSecret = None


def held(value: Any, plain: bool) -> Secret | None:
    return Held.model_validate({"password": value}, context={"plain_secrets": plain}).password


def test_a_book_holds_references_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPE_PASSWORD", "xyzzy")
    found = held("env:SCRAPE_PASSWORD", plain=False)
    assert found is not None
    assert found.reveal() == "xyzzy"
    with pytest.raises(ValidationError, match="not a secret reference") as caught:
        held("xyzzy", plain=False)
    assert "xyzzy" not in str(caught.value)


def test_a_file_of_prometheus_holds_the_secret_itself() -> None:
    found = held("env:xyzzy", plain=True)
    assert found is not None
    assert found.reveal() == "env:xyzzy"
    assert held("", plain=True) is None


def test_a_plain_secret_is_not_shown() -> None:
    section = Held.model_validate({"password": "xyzzy"}, context={"plain_secrets": True})
    assert "xyzzy" not in f"{section} {section!r} {section.password}"
    assert "xyzzy" not in section.model_dump_json()


def test_plain_secrets_are_equal_as_their_texts_are() -> None:
    assert PlainSecret("a") == PlainSecret("a")
    assert PlainSecret("a") != PlainSecret("b")
    assert len({PlainSecret("a"), PlainSecret("a"), PlainSecret("b")}) == 2


def test_a_secret_in_a_file_is_read_when_it_is_used(tmp_path: Path) -> None:
    file = tmp_path / "token"
    found = in_file(file)
    assert found is not None
    file.write_text("xyzzy\n")
    assert found.reveal() == "xyzzy"
    assert in_file(None) is None


def test_one_of_several_is_enough() -> None:
    class Two(Section):
        a: str = ""
        b: int | None = None

    at_most_one(Two(a="x"), "a", "b")
    with pytest.raises(ValueError, match="both a and b are given: keep one"):
        at_most_one(Two(a="x", b=0), "a", "b")
