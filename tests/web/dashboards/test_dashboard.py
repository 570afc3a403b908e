"""Files with dashboards, and what is said about them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from opsbook.web.dashboards.dashboard import PANELS, Dashboard, read_dashboard

STAT = {"type": "stat", "targets": [{"expr": "up"}]}


def read(directory: Path, content: Any, name: str = "some file.json") -> Dashboard:
    file = directory / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_dashboard(file)


@pytest.mark.parametrize("wrapped", [False, True])
def test_both_forms_are_read_and_kept_as_they_are(tmp_path: Path, wrapped: bool) -> None:
    plain = {"uid": "u", "title": "T", "tags": ["a"], "panels": [STAT]}
    content = {"dashboard": plain, "meta": {}} if wrapped else plain
    found = read(tmp_path, content)
    assert (found.uid, found.title, found.tags, found.problems) == ("u", "T", ["a"], [])
    assert found.content == content


def test_without_a_uid_the_name_of_the_file_makes_one(tmp_path: Path) -> None:
    found = read(tmp_path, {"panels": []})
    assert (found.uid, found.title) == ("some-file", "some file")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"panels": [,]}', "1:13: not JSON"),
        ("[]", "not a dashboard"),
        ({}, "has no panels"),
        ({"panels": [STAT, {"type": "piechart"}]}, "panels[1].type: this type of panel"),
        ({"panels": [{"type": "row", "panels": [7]}]}, "panels[0].panels[0]: not a panel"),
        ({"rows": [{"panels": [{"type": "pie"}]}]}, "rows[0].panels[0].type"),
        ({"dashboard": {"panels": [{"type": "x"}]}}, "dashboard.panels[0].type"),
        ({"panels": [{"libraryPanel": {}}]}, "panels[0].libraryPanel: is kept elsewhere"),
        ({"spec": {"elements": {"a": {}}}}, "spec.elements: schema v2 is not understood"),
    ],
)
def test_what_is_not_understood_is_told_with_its_place(
    tmp_path: Path, content: Any, said: str
) -> None:
    [problem] = read(tmp_path, content).problems
    assert said in str(problem)
    assert str(problem).startswith(str(tmp_path))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = read_dashboard(tmp_path / "gone.json")
    assert found.content is None
    assert "cannot be read: No such file" in str(found.problems[0])


def test_the_console_draws_the_types_that_are_understood_here() -> None:
    source = Path(__file__).parents[3] / "console/src/pages/dashboards/model.ts"
    listed = re.search(r"KINDS = \[(.*?)\]", source.read_text(), re.DOTALL)
    assert listed is not None
    assert {*re.findall(r'"(\w+)"', listed[1]), "row"} == PANELS
