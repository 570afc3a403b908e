"""What Prometheus refuses in rules, and what it takes though it cannot be meant."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.labels import NAME, labels_of
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.names import is_label_name
from opsbook.metrics.promql.nodes import type_of
from opsbook.metrics.promql.parse import parse
from opsbook.metrics.rules.spec import GroupSpec, RuleSpec

RuleCheck = Callable[[RuleSpec, Path_, Source], list[Problem]]
"""Finds the problems of one rule, which stands at a path of a source."""

_ALERTS_ONLY = {"for": "for_", "keep_firing_for": "keep_firing_for", "annotations": "annotations"}


def name_problems(names: Sequence[str], path: Path_, source: Source) -> list[Problem]:
    """Groups of one file without a name, or with that of another; `path` is their list's."""
    problems = []
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        at = (*path, index)
        if not name:
            problems.append(_problem(source, at, "a group needs a name", "write name: …"))
        elif name in seen:
            first = source.mark((*path, seen[name]))
            what = f"two groups of one file have one name (got {name!r} again)"
            problems.append(_problem(source, (*at, "name"), what, f"the first is at {first}"))
        seen.setdefault(name, index)
    return problems


def label_problems(labels: Mapping[str, str], path: Path_, source: Source) -> list[Problem]:
    """`path` is that of the labels or annotations."""
    problems = []
    for name in labels:
        if not is_label_name(name) or (name == NAME and path[-1] == "labels"):
            at = (*path, name)
            mark = source.keys.get(at, source.mark(path))
            what = f"not a name for one of the {path[-1]} (got {name!r})"
            problems.append(Problem(mark, dotted(at), what, _named_by(name)))
    return problems


def rule_problems(rule: RuleSpec, path: Path_, source: Source) -> list[Problem]:
    """What `promtool check rules` finds in one rule, templates aside."""
    problems = _kind_problems(rule, path, source) + _expression_problems(rule, path, source)
    if rule.record:
        problems += _recording_problems(rule, path, source)
    problems += label_problems(rule.labels, (*path, "labels"), source)
    return problems + label_problems(rule.annotations, (*path, "annotations"), source)


def group_problems(
    groups: Sequence[GroupSpec], path: Path_, source: Source, *further: RuleCheck
) -> list[Problem]:
    """All of the above for groups whose list stands at `path`."""
    problems = name_problems([group.name for group in groups], path, source)
    for index, group in enumerate(groups):
        at = (*path, index)
        problems += label_problems(group.labels, (*at, "labels"), source)
        for number, rule in enumerate(group.rules):
            for check in (rule_problems, *further):
                problems += check(rule, (*at, "rules", number), source)
    return problems


def remarks(groups: Sequence[GroupSpec], path: Path_, source: Source) -> list[Problem]:
    """What is allowed and can hardly be meant: rules that write the same series, and
    expressions that give no series."""
    found = []
    seen: dict[tuple[object, ...], Path_] = {}
    for at, rule in _each(groups, path):
        key = (rule.record, rule.alert, labels_of(rule.labels))
        if key in seen:
            first = source.mark(seen[key])
            what = f"a rule of the same name and labels stands at {first} (got {rule.name!r})"
            found.append(_problem(source, at, what, "both write the same series: tell them apart"))
        seen.setdefault(key, at)
        type_ = type_of(parse(rule.expr))
        if type_ not in ("vector", "scalar"):
            what = f"the expression gives a {type_}, and no rule can use that (got {rule.expr!r})"
            found.append(_problem(source, (*at, "expr"), what, "use a function that gives numbers"))
    return found


def _each(groups: Sequence[GroupSpec], path: Path_) -> Iterator[tuple[Path_, RuleSpec]]:
    for index, group in enumerate(groups):
        for number, rule in enumerate(group.rules):
            yield (*path, index, "rules", number), group.effective(rule)


def _kind_problems(rule: RuleSpec, path: Path_, source: Source) -> list[Problem]:
    if rule.record and rule.alert:
        what = f"a rule records or alerts, not both (got {rule.record!r} and {rule.alert!r})"
        return [_problem(source, (*path, "alert"), what, "make it two rules")]
    if not rule.record and not rule.alert:
        return [_problem(source, path, "the rule does nothing", "write record: … or alert: …")]
    return []


def _expression_problems(rule: RuleSpec, path: Path_, source: Source) -> list[Problem]:
    if not rule.expr:
        return [_problem(source, (*path, "expr"), "the rule has no expression", "write expr: …")]
    text = expression_problem(rule.expr)
    return [_problem(source, (*path, "expr"), text, None)] if text else []


def expression_problem(expression: str) -> str | None:
    """Why an expression is none of PromQL, and where in it; None where it is one."""
    try:
        parse(expression)
    except QueryError as error:
        where, _, what = str(error).partition(": parse error: ")
        place = f" at {where} of the expression" if what and where != "1:1" else ""
        return f"not PromQL{place}: {what or error}"
    return None


def _recording_problems(rule: RuleSpec, path: Path_, source: Source) -> list[Problem]:
    problems = [
        _problem(source, (*path, key), f"a recording rule has no {key}", "it is for alerts: remove")
        for key, attribute in _ALERTS_ONLY.items()
        if getattr(rule, attribute)
    ]
    if "{" in rule.record or "}" in rule.record:
        what = f"braces in the name of a metric (got {rule.record!r})"
        remedy = "labels go to labels:, an expression to expr:"
        problems.append(_problem(source, (*path, "record"), what, remedy))
    return problems


def _named_by(name: str) -> str:
    return "it is the metric's own: use record" if name == NAME else "it is empty"


def _problem(source: Source, path: Path_, what: str, remedy: str | None) -> Problem:
    return Problem(source.mark(path), dotted(path), what, remedy)
