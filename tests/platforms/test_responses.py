"""Our responses as files: each is the end of a book, and says its classes as it should."""

from pathlib import Path

import pytest

from opsbook.app.book import read_book
from tests.platforms.responding import RESPONSES, book, response

CLASSES = {
    "service-crash": 1,
    "performance-degradation": 2,
    "database-down": 2,
    "database-restore": 3,
    "invalidate-sessions": 3,
    "scale-workers": 1,
    "isolate-host": 3,
    "extend-isolation": 3,
    "lift-isolation": 2,
}
SECRETS = {"database_url": "postgresql://a@b/c", "redis_password": "redis-s3cret-pass"}
NAMES = sorted(file.stem for file in RESPONSES.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_file_can_be_put_behind_a_book(name: str, tmp_path: Path) -> None:
    book(tmp_path, {}, {}, {}, **SECRETS)
    text = (RESPONSES / f"{name}.yaml").read_text(encoding="utf-8")
    file = tmp_path / "whole.yaml"
    file.write_text(f"platform: {{name: whole}}\n{text}", encoding="utf-8")
    assert set(read_book(file).runbooks) == set(response(name))


def test_all_of_them_fit_into_one_book(tmp_path: Path) -> None:
    runbooks = {name: each for file in NAMES for name, each in response(file).items()}
    read = read_book(book(tmp_path, runbooks, {}, {}, **SECRETS)).runbooks
    assert {name: each.run_class for name, each in read.items()} == CLASSES


@pytest.mark.parametrize("name", NAMES)
def test_a_file_begins_with_what_it_needs(name: str) -> None:
    text = (RESPONSES / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert all(runbook["description"] for runbook in response(name).values())
