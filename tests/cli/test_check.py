"""`opsbook check`"""

import json
from pathlib import Path

import pytest

from tests.cli.run import opsbook


def book(directory: Path, **checks: str) -> Path:
    file = directory / "book.yaml"
    lines = "\n".join(f"  {name}: {text}" for name, text in checks.items())
    file.write_text(f"platform: {{name: example}}\nchecks:\n{lines}\n")
    return file


UP = "{file: {path: book.yaml}}"
DEGRADED = "{file: {path: book.yaml}, conditions: {size_bytes: {at_most: {warning: 1 B}}}}"
DOWN = "{file: {path: none.yaml}}"


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ({"a": UP}, 0),
        ({"a": UP, "b": DEGRADED}, 1),
        ({"a": DEGRADED, "b": DOWN}, 2),
    ],
)
def test_the_exit_code_is_the_worst_state(
    tmp_path: Path, checks: dict[str, str], code: int
) -> None:
    assert opsbook("check", book(tmp_path, **checks)).returncode == code


def test_an_unknown_state_has_an_exit_code_of_its_own(tmp_path: Path) -> None:
    missing = "{file: {path: book.yaml}, conditions: {owner: {at_most: 3}}}"
    assert opsbook("check", book(tmp_path, a=missing)).returncode == 3


def test_the_table_has_the_worst_first_and_the_actual_value(tmp_path: Path) -> None:
    lines = opsbook("check", book(tmp_path, a=UP, b=DEGRADED, c=DOWN)).stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["down", "c"], ["degraded", "b"], ["up", "a"]]
    assert "size_bytes ≤ 1 else degraded (is " in lines[1]


def test_json_keeps_each_condition_with_its_actual_value(tmp_path: Path) -> None:
    found = json.loads(opsbook("check", book(tmp_path, a=UP, b=DEGRADED), "b", "--json").stdout)
    assert found["state"] == "degraded"
    assert [check["name"] for check in found["checks"]] == ["b"]
    condition = found["checks"][0]["conditions"][-1]
    assert condition["measurement"] == "size_bytes"
    assert condition["actual"] == (tmp_path / "book.yaml").stat().st_size


def test_a_name_that_is_no_check_is_told(tmp_path: Path) -> None:
    ran = opsbook("check", book(tmp_path, gateway=UP), "gatway")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "did you mean gateway?" in ran.stderr
