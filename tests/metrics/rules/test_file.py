"""Rule files: what Prometheus takes is taken, what it refuses is refused, with places."""

import subprocess
from pathlib import Path

import pytest

from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Path_, Source
from opsbook.metrics.rules.file import read_rules, remarks_on
from opsbook.metrics.rules.spec import RuleFile, RuleSpec
from tests.metrics.rules.corpus import (
    BAD,
    DROPPED_SILENTLY,
    GOOD,
    OF_PROMETHEUS_3,
    TEMPLATES,
    one_rule,
)
from tests.requirement import needs_program

EVERY_PROBLEM = """\
4:3 groups[0].intervall: unknown key (got 'intervall'), did you mean interval?
6:24 groups[0].rules[0].alert: a rule records or alerts, not both (got 'x' and 'y'), make it two \
rules
6:33 groups[0].rules[0].expr: not PromQL: unclosed left parenthesis
8:11 groups[0].rules[1].expr: not PromQL: unclosed left parenthesis
9:10 groups[0].rules[1].for: a recording rule has no for, it is for alerts: remove
10:14 groups[0].rules[1].labels.__name__: not a name for one of the labels (got '__name__'), it \
is the metric's own: use record
11:9 groups[1].name: two groups of one file have one name (got 'a' again), the first is at 3:3
13:5 groups[1].rules[0]: the rule does nothing, write record: … or alert: …
13:11 groups[1].rules[0].expr: not PromQL: expected type matrix in call to function 'rate', got \
vector"""


def write(directory: Path, text: str) -> Path:
    file = directory / "rules.yml"
    file.write_text(text, encoding="utf-8")
    return file


def read(directory: Path, text: str) -> RuleFile:
    return read_rules(write(directory, text))


def refusal(directory: Path, text: str) -> list[str]:
    """The problems of a file, without its name."""
    with pytest.raises(BookError) as caught:
        read(directory, text)
    return [
        str(problem).replace(f"{directory / 'rules.yml'}:", "") for problem in caught.value.problems
    ]


def promtool_takes(file: Path) -> bool:
    promtool = needs_program("promtool", "prometheus")
    return subprocess.run([promtool, "check", "rules", file], capture_output=True).returncode == 0


@pytest.mark.parametrize("name", GOOD)
def test_what_prometheus_takes_is_taken(name: str, tmp_path: Path) -> None:
    read(tmp_path, GOOD[name])
    assert promtool_takes(tmp_path / "rules.yml")


@pytest.mark.parametrize("name", BAD)
def test_what_prometheus_refuses_is_refused(name: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, BAD[name])
    assert not promtool_takes(tmp_path / "rules.yml")


@pytest.mark.parametrize("name", OF_PROMETHEUS_3)
def test_what_only_prometheus_3_takes_is_taken(name: str, tmp_path: Path) -> None:
    read(tmp_path, OF_PROMETHEUS_3[name])


@pytest.mark.parametrize("name", TEMPLATES)
def test_further_checks_have_their_say_on_every_rule(name: str, tmp_path: Path) -> None:
    def no_templates(rule: RuleSpec, path: Path_, source: Source) -> list[Problem]:
        found = any("{{" in text for text in rule.annotations.values())
        return [Problem(source.mark((*path, "annotations")), "a", "no")] if found else []

    file = write(tmp_path, TEMPLATES[name])
    read_rules(file)
    with pytest.raises(BookError, match=r"rules\.yml:4:39 a: no"):
        read_rules(file, no_templates)
    assert not promtool_takes(file)


def test_a_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    text = """
groups:
- name: a
  interval: 1m30s
  query_offset: 500ms
  limit: 7
  labels: {team: core, tier: 1}
  rules:
  - record: job:up:sum
    expr: sum by (job) (up)
    labels: {tier: 1.10, gone: , 'on': yes}
  - {alert: Down, expr: up == 0, for: 5m, keep_firing_for: 1h, annotations: {n: 0x1F, t: true}}
"""
    (group,) = read(tmp_path, text).groups
    record, alert = group.rules
    assert (group.interval, group.query_offset, group.limit) == (90.0, 0.5, 7)
    assert group.effective(record).labels == {
        "team": "core",
        "tier": "1.10",
        "gone": "",
        "on": "yes",
    }
    assert (record.expr, record.name) == ("sum by (job) (up)", "job:up:sum")
    assert (alert.name, alert.for_, alert.keep_firing_for) == ("Down", 300.0, 3600.0)
    assert alert.annotations == {"n": "0x1F", "t": "true"}


def test_an_alias_keeps_the_text_of_its_anchor(tmp_path: Path) -> None:
    text = one_rule("{record: x, expr: up, labels: {a: &v 1.10, b: *v, c: !!str 2.0}}")
    (rule,) = read(tmp_path, text).groups[0].rules
    assert rule.labels == {"a": "1.10", "b": "1.10", "c": "2.0"}


def test_every_problem_is_told_at_once_with_its_place_and_the_remedy(tmp_path: Path) -> None:
    text = """
groups:
- name: a
  intervall: 1m
  rules:
  - {record: x, alert: y, expr: sum(up}
  - record: z
    expr: up + on(
    for: 5m
    labels: {__name__: q}
- name: a
  rules:
  - expr: |
      rate(up)
"""
    assert "\n".join(refusal(tmp_path, text)) == EVERY_PROBLEM


def test_a_duration_expression_is_told_with_its_place_in_the_expression(tmp_path: Path) -> None:
    (problem,) = refusal(tmp_path, one_rule("{record: x, expr: 'sum(rate(up[5m*]))'}"))
    assert "at 1:16 of the expression: unexpected" in problem


def test_what_can_hardly_be_meant_is_remarked(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "groups:\n- name: a\n  labels: {l: m}\n  rules:\n  - {record: x, expr: up}\n"
        "  - {record: x, expr: down}\n  - {record: x, expr: up, labels: {l: n}}\n"
        "- name: b\n  rules:\n  - {record: y, expr: 'up[5m]'}\n",
    )
    same, matrix = map(str, remarks_on(file))
    assert same == (
        f"{file}:6:5 groups[0].rules[1]: a rule of the same name and labels stands at {file}:5:5 "
        "(got 'x'), both write the same series: tell them apart"
    )
    assert matrix.startswith(f"{file}:10:23 groups[1].rules[0].expr: the expression gives a matrix")


def test_a_file_that_cannot_be_read_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="cannot be read: No such file"):
        read_rules(tmp_path / "none.yml")
    (tmp_path / "binary.yml").write_bytes(b"groups: \xff")
    with pytest.raises(BookError, match="not UTF-8"):
        read_rules(tmp_path / "binary.yml")


@pytest.mark.parametrize("name", DROPPED_SILENTLY)
def test_what_prometheus_would_drop_silently_is_refused(name: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, DROPPED_SILENTLY[name])
    assert promtool_takes(tmp_path / "rules.yml")
