"""What is wrong with plans, and where; and what they become is a runbook as any other."""

import json
from pathlib import Path
from typing import Any

import pytest

from opsbook.app.book import Book, read_book
from opsbook.app.recovery import runbooks_of
from opsbook.book.problems import BookError
from opsbook.book.source import Source
from opsbook.runbooks.rules import runbook_problems


def written(directory: Path, **plan: Any) -> Path:
    book = {
        "platform": {"name": "shop"},
        "services": {
            "db": {"process": {"command": ["sleep", "9"]}},
            "api": {"process": {"command": ["sleep", "9"]}, "depends_on": ["db"]},
            "mute": {"process": {"command": ["sleep", "9"]}},
        },
        "checks": {
            "db-up": {"service": "db", "tcp": {"host": "127.0.0.1", "port": 1}},
            "api-up": {"service": "api", "tcp": {"host": "127.0.0.1", "port": 1}},
        },
        "backups": {
            "destinations": {"a": {"local": {"directory": str(directory / "a")}}},
            "sets": {
                "orders": {"sqlite": {"path": str(directory / "o.db")}, "to": ["a"]},
                "base": {
                    "postgres": {"database": "postgresql://ada@nowhere.invalid/base"},
                    "to": ["a"],
                },
                "cache": {"redis": {"host": "127.0.0.1"}, "to": ["a"]},
            },
        },
        "recovery": {
            "full": {
                "sets": ["orders", "base"],
                "stop": ["api", "db"],
                "checks": ["api-up"],
                "rehearse": {"into": {"orders": str(directory / "r.db")}},
                **plan,
            }
        },
    }
    file = directory / "book.json"
    file.write_text(json.dumps(book))
    return file


def refused(directory: Path, **plan: Any) -> str:
    with pytest.raises(BookError) as caught:
        read_book(written(directory, **plan))
    return str(caught.value)


def test_unknown_names_are_told(tmp_path: Path) -> None:
    said = refused(
        tmp_path, sets=["order"], stop=["apis"], checks=["up"], rehearse={"into": {"x": "y"}}
    )
    for name in ("'order'", "'apis'", "'up'", "'x'"):
        assert name in said


def test_a_service_that_nothing_proves_is_not_stopped(tmp_path: Path) -> None:
    assert "nothing tells whether service mute is up" in refused(tmp_path, stop=["mute"])


def test_what_cannot_be_swapped_is_told_by_the_book(tmp_path: Path) -> None:
    assert "cannot be swapped" in refused(tmp_path, sets=["cache"])


def test_what_a_plan_becomes_keeps_every_rule_of_runbooks(tmp_path: Path) -> None:
    """Also where its server does not answer."""
    book: Book = read_book(written(tmp_path))
    found = runbooks_of(book)
    assert [each.run_class for each in found.values()] == [3, 2]
    problems = runbook_problems(
        found,
        checks=book.checks,
        services=book.services,
        receivers=[],
        hosts=[],
        source=Source(tmp_path / "book.json"),
    )
    assert problems == []
