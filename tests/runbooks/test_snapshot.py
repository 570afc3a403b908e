"""What a run is begun with, kept as it was."""

from pathlib import Path

import pytest

from opsbook.core.errors import BadInputError
from opsbook.runbooks.snapshot import Snapshot, digest, needed, run_class, step_digest
from tests.runbooks.scene import book, mark


def test_it_is_read_back_as_it_was(tmp_path: Path) -> None:
    one = book(tmp_path, one={"steps": [mark("one")]})["one"]
    kept = Snapshot("one", {"one": one.written}, str(tmp_path), {}, "anna", "why")
    read = Snapshot.from_json(kept.as_json()).settings()["one"]
    assert step_digest(read.steps[0]) == step_digest(one.steps[0])


def test_what_this_version_cannot_read_is_said() -> None:
    kept = Snapshot("one", {"one": {"steps": [{"teleport": {}}]}}, "/", {}, "anna", "why")
    with pytest.raises(BadInputError, match="runbook one was begun by another version"):
        kept.settings()


def test_what_a_runbook_runs_counts_for_its_class(tmp_path: Path) -> None:
    call = {"for-each": {"items": ["a"], "steps": [{"run": {"runbook": "inner"}}]}}
    books = book(
        tmp_path,
        outer={"steps": [call]},
        inner={"steps": [{"service": {"stop": "a"}}]},
        other={"steps": [mark("x")]},
    )
    assert set(needed("outer", books)) == {"outer", "inner"}
    assert run_class("outer", books) == 2


def test_a_digest_is_of_the_content_and_not_of_its_order() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
