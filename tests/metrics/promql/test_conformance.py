"""Scripts in Prometheus' own test language: ours, and the reference's where they are at hand."""

from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner
from scripts.conformance import main

from tests.metrics.memory import Layout
from tests.metrics.promql.runner import run_file

ROOT = Path(__file__).parents[3]
SCRIPTS = sorted((ROOT / "tests/golden/promql").glob("*.test"))
REFERENCE = sorted((ROOT.parent / "shared/promql").glob("*.test"))


@pytest.mark.parametrize("layout", get_args(Layout))
@pytest.mark.parametrize("file", [*SCRIPTS, *REFERENCE], ids=lambda file: file.stem)
def test_every_evaluation_of_a_script_gives_what_it_says(file: Path, layout: Layout) -> None:
    wrong = [f"{file.name}:{line}: {what}" for line, what in run_file(file, layout) if what]
    assert wrong == []


def test_a_failure_is_named_with_its_line_and_counted(tmp_path: Path) -> None:
    script = "load 1m\n  x 1\n\neval instant at 0m x\n  x 2\n\neval instant at 0m x\n  x 1\n"
    (tmp_path / "a.test").write_text(script, encoding="utf-8")
    result = CliRunner().invoke(main, [str(tmp_path)])
    assert result.output.splitlines() == [
        f"{tmp_path}/a.test:4: expected x [2.0], got [1.0]",
        "1 passed, 1 failed",
    ]
    assert result.exit_code == 1


def test_a_script_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.test").write_text("load 1m\n  x one\n", encoding="utf-8")
    result = CliRunner().invoke(main, [str(tmp_path)])
    assert "a.test:2: no value: one" in result.output
    assert result.exit_code == 1


def test_a_folder_without_scripts_is_no_success(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, [str(tmp_path)]).exit_code == 1
