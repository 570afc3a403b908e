"""Templates in rules that cannot be read."""

from opsbook.alerts.templates.language.errors import TemplateError
from opsbook.alerts.templates.rules import check
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.metrics.rules.spec import RuleSpec


def template_problems(rule: RuleSpec, path: Path_, source: Source) -> list[Problem]:
    """Those of an alerting rule: in others a template is a text like any other."""
    if not rule.alert:
        return []
    problems = []
    for part, texts in (("labels", rule.labels), ("annotations", rule.annotations)):
        for name, text in texts.items():
            problems += template_problem(text, (*path, part, name), source)
    return problems


def template_problem(text: str, path: Path_, source: Source) -> list[Problem]:
    """None, or one."""
    try:
        check(text, str(path[-1]))
    except TemplateError as error:
        return [Problem(source.mark(path), dotted(path), f"not a template: {error}")]
    return []
