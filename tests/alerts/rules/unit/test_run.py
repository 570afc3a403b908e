"""Files of unit tests, run by promtool and by us."""

import subprocess
import time
from pathlib import Path

import pytest

from opsbook.alerts.rules.unit.run import run_tests
from tests.requirement import needs_program

GOLDEN = Path(__file__).parents[3] / "golden" / "ruletests"
FILES = sorted(GOLDEN.glob("*.yml"))
OF_BOTH = [file for file in FILES if not file.name.startswith("newer-")]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_passes_or_fails_as_its_name_says(file: Path) -> None:
    outcome = run_tests(file)
    assert bool(outcome.problems) is file.name.startswith("fail-"), outcome.problems


@pytest.mark.parametrize("file", OF_BOTH, ids=lambda file: file.stem)
def test_promtool_says_the_same(file: Path) -> None:
    program = needs_program("promtool", "prometheus")
    ran = subprocess.run(
        [program, "test", "rules", file.name], cwd=GOLDEN, capture_output=True, check=False
    )
    assert (ran.returncode != 0) is file.name.startswith("fail-"), ran.stdout + ran.stderr


def test_there_are_enough_of_them() -> None:
    assert len(OF_BOTH) >= 40
    assert sum(file.name.startswith("fail-") for file in OF_BOTH) >= 20


def problems(name: str) -> list[str]:
    found = map(str, run_tests(GOLDEN / f"fail-{name}.yml").problems)
    return [text.removeprefix(f"{GOLDEN}/fail-{name}.yml:") for text in found]


def test_what_came_otherwise_is_told_with_its_place_and_without_the_rest() -> None:
    (text,) = problems("pending-is-not-firing")
    assert text == (
        '10:5 tests[0].alert_rule_test[0]: alert Down at 6m: expected {alertname="Down", '
        'instance="1", job="api", severity="page", tier="2"} with {summary="1 of api is down", '
        'value="0"}, got nothing, 1 pending still'
    )
    (text,) = problems("a-sample-is-missing")
    assert text == (
        '10:5 tests[0].promql_expr_test[0]: job:up:sum at 5m: expected job:up:sum{job="db"} 1, '
        "got nothing more"
    )
    (text,) = problems("one-of-two-tests")
    assert text.partition(":")[2].startswith("21 tests[1].alert_rule_test[0] (cold): alert Hot at")


def test_an_alert_that_no_rule_raises_is_told_as_such() -> None:
    (text,) = problems("no-such-alert")
    assert text.endswith("no rule raises an alert of this name")


def test_a_rule_that_fails_is_told_once() -> None:
    (text,) = problems("a-rule-fails")
    assert "rule broken of group failing failed after 0s: " in text


def test_a_rule_file_that_is_not_there_is_remarked_on() -> None:
    outcome = run_tests(GOLDEN / "pass-no-such-file.yml")
    (remark,) = outcome.remarks
    assert "rules/nosuch.yml" in str(remark)
    assert outcome.problems == []


def test_thousands_of_evaluations_take_a_second(tmp_path: Path) -> None:
    rules = GOLDEN / "rules" / "consciousness.yml"
    file = tmp_path / "long.yml"
    file.write_text(
        f"rule_files: [{rules}]\nevaluation_interval: 15s\ntests:\n- interval: 15s\n"
        "  input_series: [{series: memory_usage_percent, values: '86x5760'}]\n"
        "  alert_rule_test: [{eval_time: 600m, alertname: DatabaseConnectionFailed}]\n"
    )
    started = time.process_time()
    outcome = run_tests(file)
    assert outcome.evaluations == 2401 * 5
    assert time.process_time() - started < 12  # an order of magnitude above what it takes
