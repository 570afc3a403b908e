"""Templates of rules, read when the rules are."""

from pathlib import Path

import pytest

from opsbook.alerts.rules.check import template_problems
from opsbook.book.problems import BookError
from opsbook.metrics.rules.file import read_rules
from tests.metrics.rules.corpus import TEMPLATES, one_rule


def write(directory: Path, text: str) -> Path:
    file = directory / "rules.yml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("text", TEMPLATES.values(), ids=TEMPLATES)
def test_what_prometheus_refuses_for_its_templates_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(BookError, match=r"rules\.yml:\d+:\d+ groups\[0\].*not a template"):
        read_rules(write(tmp_path, text), template_problems)


def test_templates_in_labels_are_read_too(tmp_path: Path) -> None:
    text = one_rule('{alert: x, expr: up, labels: {a: "{{ $value"}}')
    with pytest.raises(BookError, match=r"rules\[0\]\.labels\.a: not a template"):
        read_rules(write(tmp_path, text), template_problems)


def test_a_recording_rule_has_none(tmp_path: Path) -> None:
    text = one_rule('{record: x, expr: up, labels: {a: "{{ $value"}}')
    read_rules(write(tmp_path, text), template_problems)
