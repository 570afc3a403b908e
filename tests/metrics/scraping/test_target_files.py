"""Files of targets: read when they change, and kept as they last were when they break."""

import json
import time
from pathlib import Path

import pytest

from opsbook.metrics.scraping.settings import FileSdConfig, StaticConfig
from opsbook.metrics.scraping.target_files import TargetFiles


def watched(directory: Path, *files: str, refresh: str | None = None) -> TargetFiles:
    settings = {"files": list(files), "refresh_interval": refresh}
    return TargetFiles(FileSdConfig.model_validate(settings, context={"directory": directory}))


def addresses(files: TargetFiles) -> list[str]:
    return [target for group in files.groups() for target in group.targets]


def as_json(*targets: str) -> str:
    return json.dumps([{"targets": targets}])


def test_json_and_yaml_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '[\n\t{"targets": ["h:1"], "labels": {"\\ud83d\\ude00": "1"}}]'
    )
    (tmp_path / "b.yml").write_text("- targets: ['h:2']\n  labels: {version: 1.10}\n")
    assert watched(tmp_path, "a.json", "b.yml").groups() == [
        StaticConfig(targets=["h:1"], labels={"😀": "1", "__meta_filepath": f"{tmp_path}/a.json"}),
        StaticConfig(
            targets=["h:2"], labels={"version": "1.10", "__meta_filepath": f"{tmp_path}/b.yml"}
        ),
    ]


def test_a_star_stands_for_any_and_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", ".hidden.json", "c.yml"):
        (tmp_path / name).write_text(as_json(name))
    files = watched(tmp_path, "*.json", "a.json", "none.yml")
    assert addresses(files) == [".hidden.json", "a.json", "b.json"]
    assert files.problems == []


def test_a_change_is_seen_and_so_is_a_new_file(tmp_path: Path) -> None:
    files = watched(tmp_path, "*.json")
    assert addresses(files) == []
    (tmp_path / "a.json").write_text(as_json("h:1"))
    assert addresses(files) == ["h:1"]
    (tmp_path / "new").write_text(as_json("h:2"))
    (tmp_path / "new").replace(tmp_path / "a.json")
    assert addresses(files) == ["h:2"]


def test_targets_of_a_file_that_is_gone_are_gone(tmp_path: Path) -> None:
    files = watched(tmp_path, "*.json")
    (tmp_path / "a.json").write_text(as_json("h:1"))
    (tmp_path / "b.json").write_text("broken")
    assert addresses(files) == ["h:1"]
    assert len(files.problems) == 1
    for name in ("a.json", "b.json"):
        (tmp_path / name).unlink()
    assert addresses(files) == []
    assert files.problems == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "[{", "a.json: not JSON: "),
        ("a.json", "[" * 100_000, "a.json: not JSON: "),
        ("a.json", b"\xff", "a.json: not JSON: "),
        ("a.json", '[{"targets": [1]}]', "[0].targets[0]: a number where text belongs"),
        ("a.json", '[{"targets": null, "label": {}}]', "did you mean labels?"),
        ("a.json", "[null]", "[0]: input should be a valid dictionary"),
        ("a.json", '{"targets": []}', "input should be a valid list"),
        ("a.yml", "- targets: [h\n", "a.yml:2:1: not YAML"),
        ("a.yml", "- tragets: [h]\n", "a.yml:1:3 [0].tragets: unknown key (got 'tragets'), did"),
        ("a.yml", "", "a.yml:1:1: the file is empty"),
    ],
)
def test_a_broken_file_is_told_and_what_it_said_before_still_stands(
    name: str, text: str | bytes, said: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(as_json("h:1"))
    files = watched(tmp_path, name)
    assert addresses(files) == ["h:1"]
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    for _ in range(2):
        assert addresses(files) == ["h:1"]
        (problem,) = files.problems
        assert problem.startswith(str(file))
        assert said in problem
    file.write_text(as_json("h:2", "h:3"))
    assert addresses(files) == ["h:2", "h:3"]
    assert files.problems == []


def test_a_file_too_large_to_be_one_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    files = watched(tmp_path, "a.json")
    assert addresses(files) == []
    assert files.problems == [f"{tmp_path}/a.json: larger than 16 MiB"]


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    files = watched(tmp_path, "a.json")
    assert addresses(files) == []
    assert files.problems == [f"{tmp_path}/a.json: Is a directory"]


def test_every_file_is_read_again_after_the_refresh_interval(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(as_json("h:1"))
    often, seldom = watched(tmp_path, "a.json", refresh="1ms"), watched(tmp_path, "a.json")
    first = often.groups()[0], seldom.groups()[0]
    time.sleep(0.002)
    assert often.groups()[0] is not first[0]
    assert seldom.groups()[0] is first[1]
