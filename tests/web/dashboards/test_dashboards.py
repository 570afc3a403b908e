"""The dashboards that a book names."""

import json
from pathlib import Path

import opsbook.platforms
from opsbook.web.dashboards.dashboards import Dashboards


def put(directory: Path, name: str, **content: object) -> Path:
    file = directory / name
    file.write_text(json.dumps({"panels": [], **content}))
    return file


def test_a_pattern_names_all_files_that_match(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "c.txt"):
        put(tmp_path, name)
    assert [each.uid for each in Dashboards([tmp_path / "*.json"]).all()] == ["a", "b"]


def test_a_file_that_is_named_twice_is_one_dashboard(tmp_path: Path) -> None:
    file = put(tmp_path, "a.json")
    assert len(Dashboards([file, tmp_path / "*.json"]).all()) == 1


def test_a_file_that_is_named_and_missing_is_never_dropped(tmp_path: Path) -> None:
    dashboards = Dashboards([tmp_path / "gone.json"])
    assert [each.uid for each in dashboards.all()] == ["gone"]
    assert "cannot be read" in str(dashboards.remarks()[0])


def test_two_with_the_same_uid_are_both_there_and_that_is_said(tmp_path: Path) -> None:
    files = [put(tmp_path, f"{name}.json", uid="same") for name in "ab"]
    dashboards = Dashboards(files)
    assert [each.uid for each in dashboards.all()] == ["same", "same-2"]
    assert [str(each) for each in dashboards.remarks()] == [
        f"{files[1]}:1:1 uid: {files[0]} has the same uid (got 'same'), it is shown as same-2"
    ]


def test_what_is_saved_is_what_is_found_next(tmp_path: Path) -> None:
    dashboards = Dashboards([tmp_path / "*.json"])
    assert dashboards.find("new") is None
    put(tmp_path, "new.json", title="New")
    found = dashboards.find("new")
    assert found is not None
    assert found.title == "New"


def test_nothing_in_the_manuals_dashboards_is_unknown() -> None:
    place = Path(opsbook.platforms.__file__).parent
    dashboards = Dashboards([place / "dashboards/*.json", place / "helixflow/dashboards/*.json"])
    assert len(dashboards.all()) == 6
    assert dashboards.remarks() == []
