"""The section `rules:` of a book."""

from pathlib import Path
from typing import Any

import pytest

from opsbook.book.load import load_book
from opsbook.book.model import Section
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Source
from opsbook.metrics.rules.rule import Rule
from opsbook.metrics.rules.settings import (
    DeclaredGroup,
    RulesSettings,
    declared_groups,
    make_groups,
    rules_problems,
)
from opsbook.metrics.rules.spec import RuleSpec
from tests.metrics.rules.test_runner import Counting


class Book(Section):
    rules: RulesSettings | None = None


def problems(book: Book, source: Source) -> list[Problem]:
    return rules_problems(book.rules, source)


def load(directory: Path, text: str) -> Book:
    file = directory / "book.yaml"
    file.write_text(text, encoding="utf-8")
    return load_book(file, lambda _: Book, lambda: Book, problems)


def declared(directory: Path, text: str) -> list[DeclaredGroup]:
    settings = load(directory, text).rules
    assert settings is not None
    return declared_groups(settings)


def rule_file(directory: Path, name: str, *groups: str) -> None:
    directory.mkdir(exist_ok=True)
    text = "".join(f"- name: {each}\n  rules:\n  - {{record: r, expr: up}}\n" for each in groups)
    (directory / name).write_text(f"groups:\n{text}", encoding="utf-8")


def test_a_book_without_rules_has_none(tmp_path: Path) -> None:
    assert load(tmp_path, "{}").rules is None


def test_files_are_found_beside_the_book_each_once_and_in_order(tmp_path: Path) -> None:
    rule_file(tmp_path / "rules", "b.yml", "b")
    rule_file(tmp_path / "rules", "a.yml", "a", "a2")
    rule_file(tmp_path, "own.yml", "own")
    found = declared(tmp_path, "rules: {files: [own.yml, 'rules/*.yml', rules/b.yml]}")
    assert [one.spec.name for one in found] == ["own", "a", "a2", "b"]
    assert found[1].file == str(tmp_path / "rules" / "a.yml")


def test_groups_in_the_book_come_first(tmp_path: Path) -> None:
    rule_file(tmp_path, "own.yml", "own")
    text = """
rules:
  files: [own.yml]
  interval: 30s
  groups:
    - name: here
      interval: 1m30s
      rules: [{record: x, expr: sum(up)}]
"""
    found = declared(tmp_path, text)
    assert [(one.file and "a file", one.spec.name, one.interval) for one in found] == [
        ("", "here", 90.0),
        ("a file", "own", 30.0),
    ]


def test_without_a_word_groups_are_evaluated_every_minute(tmp_path: Path) -> None:
    (one,) = declared(tmp_path, "rules: {groups: [{name: a}]}")
    assert one.interval == 60.0


def test_a_pattern_may_match_nothing_but_a_name_must_not(tmp_path: Path) -> None:
    assert declared(tmp_path, "rules: {files: ['none/*.yml']}") == []
    with pytest.raises(BookError) as caught:
        load(tmp_path, "rules: {files: [none.yml, 'a*/b.yml']}")
    missing, star = map(str, caught.value.problems)
    assert missing.startswith(f"{tmp_path}/book.yaml:1:17 rules.files[0]: no such file")
    assert "* in a directory's name" in star


def test_problems_of_the_book_and_of_all_files_are_told_together(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text("groups: [{name: a, rules: [{record: x, expr: 'sum('}]}]")
    (tmp_path / "two.yml").write_text("groups: [{name: a}, {name: a}]")
    text = "rules:\n  files: ['*.yml']\n  groups: [{name: b, rules: [{alert: y}]}]\n"
    with pytest.raises(BookError) as caught:
        load(tmp_path, text)
    places = [str(each.mark.file.name) for each in caught.value.problems]
    assert places == ["book.yaml", "one.yml", "two.yml"]


@pytest.mark.parametrize("label", ["1.10", "true", "7"])
def test_in_the_book_a_label_that_is_no_text_wants_quotes(tmp_path: Path, label: str) -> None:
    rule = f"{{record: x, expr: '1', labels: {{v: {label}}}}}"
    text = f"rules: {{groups: [{{name: a, rules: [{rule}]}}]}}"
    with pytest.raises(BookError, match=r"labels\.v: input should be a valid string"):
        load(tmp_path, text)


def test_rules_that_alert_are_made_by_whoever_knows_how(tmp_path: Path) -> None:
    text = "rules: {groups: [{name: a, rules: [{alert: A, expr: up}, {record: r, expr: up}]}]}"
    found = declared(tmp_path, text)
    made: list[Any] = []

    def alerting(group: DeclaredGroup, rule: RuleSpec) -> Rule:
        made.append((group.spec.name, rule.alert))
        return Counting()

    (group,) = make_groups(found, alerting)
    assert made == [("a", "A")]
    assert [one.rule.name for one in group.evaluations] == ["counting", "r"]
    (recording,) = make_groups(found)
    assert [one.rule.name for one in recording.evaluations] == ["r"]
