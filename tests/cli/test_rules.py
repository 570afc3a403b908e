"""`opsbook rules check`"""

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
