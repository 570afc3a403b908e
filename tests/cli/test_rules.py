"""`opsbook rules check` and `opsbook rules test`"""

from pathlib import Path

from tests.cli.run import opsbook
from tests.metrics.rules.corpus import one_rule


def write(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def test_groups_and_rules_are_counted(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.yml",
        "groups:\n- name: a\n  rules:\n  - {record: x, expr: up}\n  - {alert: y, expr: up}\n"
        "- {name: b, rules: [{alert: z, expr: up}]}\n",
    )
    ran = opsbook("rules", "check", file)
    assert ran.stdout == f"{file}: 2 groups, 3 rules (1 recording, 2 alerting): nothing wrong\n"
    assert (ran.returncode, ran.stderr) == (0, "")


def test_every_problem_of_every_file_is_told_and_the_code_is_1(tmp_path: Path) -> None:
    good = write(tmp_path / "good.yml", one_rule("{record: x, expr: up}"))
    one = write(tmp_path / "one.yml", one_rule("{record: x, expr: 'sum('}"))
    two = write(tmp_path / "two.yml", one_rule("{expr: up}"))
    ran = opsbook("rules", "check", one, good, two, tmp_path / "none.yml")
    assert ran.returncode == 1
    assert ran.stdout == f"{good}: 1 group, 1 rule (1 recording, 0 alerting): nothing wrong\n"
    first, second, third = ran.stderr.splitlines()
    assert first.startswith(f"{one}:4:23 groups[0].rules[0].expr: not PromQL")
    assert second.startswith(f"{two}:4:5 groups[0].rules[0]: the rule does nothing")
    assert "none.yml" in third


def test_a_remark_is_no_error(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yml", one_rule("{record: x, expr: 'up[5m]'}"))
    ran = opsbook("rules", "check", file)
    assert ran.returncode == 0
    assert ran.stderr.startswith(f"remark: {file}:4:23 groups[0].rules[0].expr: the expression")


def test_templates_are_checked_too(tmp_path: Path) -> None:
    rule = one_rule('{alert: x, expr: up, annotations: {a: "{{ $nope }}"}}')
    ran = opsbook("rules", "check", write(tmp_path / "a.yml", rule))
    assert ran.returncode == 1
    assert "groups[0].rules[0].annotations.a: not a template" in ran.stderr


TESTS = """rule_files: [rules.yml]
tests:
- interval: 1m
  input_series: [{series: up, values: '1 0x9'}]
  alert_rule_test: [{eval_time: 5m, alertname: Down, exp_alerts: [{}]}]
"""


def test_unit_tests_that_pass_are_counted(tmp_path: Path) -> None:
    write(tmp_path / "rules.yml", one_rule("{alert: Down, expr: up == 0}"))
    file = write(tmp_path / "tests.yml", TESTS)
    ran = opsbook("rules", "test", file)
    assert ran.stdout == f"{file}: 1 test passed, 6 evaluations\n"
    assert (ran.returncode, ran.stderr) == (0, "")


def test_unit_tests_that_fail_are_told_with_their_places(tmp_path: Path) -> None:
    write(tmp_path / "rules.yml", one_rule("{alert: Down, expr: up == 0, for: 9m}"))
    file = write(tmp_path / "tests.yml", TESTS)
    ran = opsbook("rules", "test", file, tmp_path / "none.yml")
    assert ran.returncode == 1
    assert f"{file}: failed: 1 problem\n" in ran.stdout
    assert ran.stderr.startswith(f"{file}:5:21 tests[0].alert_rule_test[0]: alert Down at 5m: ")
    assert "none.yml" in ran.stderr


def test_a_rule_that_cannot_be_evaluated_is_told_once(tmp_path: Path) -> None:
    write(tmp_path / "rules.yml", one_rule("{alert: Down, expr: 'up[5m]'}"))
    ran = opsbook("rules", "test", write(tmp_path / "tests.yml", TESTS))
    assert ran.stderr.count("rule result is not a vector or scalar") == 1
