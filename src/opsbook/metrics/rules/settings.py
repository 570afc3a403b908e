"""The book's `rules:` — Prometheus rule files, and groups in the book itself."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from opsbook.book.fields import BookPath, Duration
from opsbook.book.model import Section
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.metrics.rules.check import RuleCheck, group_problems
from opsbook.metrics.rules.file import read_rules
from opsbook.metrics.rules.group import Group
from opsbook.metrics.rules.recording import RecordingRule
from opsbook.metrics.rules.rule import Rule
from opsbook.metrics.rules.spec import GroupSpec, RuleSpec


class RulesSettings(Section):
    """Rules that record and rules that alert, as Prometheus has them."""

    files: list[BookPath] = []
    """Prometheus rule files; in the last part of a path, `*` stands for any text."""
    interval: Duration = Field(default=60.0, ge=0.001)
    """The interval of groups that name none."""
    groups: list[GroupSpec] = []
    """Groups in the book itself."""


@dataclass(frozen=True, slots=True)
class DeclaredGroup:
    """A group, and where it was declared."""

    file: str
    spec: GroupSpec
    interval: float
    """Its own in seconds, or the default."""


MakeRule = Callable[[DeclaredGroup, RuleSpec], Rule]
"""Makes the living rule for one that alerts; the labels of the group are among its own."""


def declared_groups(settings: RulesSettings, *further: RuleCheck) -> list[DeclaredGroup]:
    """Of the book, then of the files in their order. Raises BookError."""
    listed = [("", group) for group in settings.groups]
    listed += [(str(file), group) for file in _files(settings) for group in _of(file, further)]
    return [
        DeclaredGroup(file, group, group.interval or settings.interval) for file, group in listed
    ]


def make_groups(declared: Iterable[DeclaredGroup], alerting: MakeRule | None = None) -> list[Group]:
    """Living groups; `alerting` makes the rules that alert, which are left out without it."""
    return [
        Group(one.file, one.spec, one.interval, list(_rules(one, alerting))) for one in declared
    ]


def rules_problems(
    settings: RulesSettings | None, source: Source, *further: RuleCheck
) -> list[Problem]:
    """What is wrong in the book's groups and in all of its rule files."""
    if settings is None:
        return []
    problems = group_problems(settings.groups, ("rules", "groups"), source, *further)
    for index, pattern in enumerate(settings.files):
        problems += _pattern_problems(pattern, ("rules", "files", index), source)
    for file in filter(Path.exists, _files(settings)):
        try:
            read_rules(file, *further)
        except BookError as error:
            problems += error.problems
    return problems


def _pattern_problems(pattern: Path, path: Path_, source: Source) -> list[Problem]:
    got = f"(got {str(pattern)!r})"
    if "*" in str(pattern.parent):
        what, remedy = f"* in a directory's name {got}", "write each directory out"
    elif "*" not in pattern.name and not pattern.exists():
        what, remedy = f"no such file {got}", "relative paths start at the book's directory"
    else:
        return []
    return [Problem(source.mark(path), dotted(path), what, remedy)]


def _rules(declared: DeclaredGroup, alerting: MakeRule | None) -> Iterator[Rule]:
    for rule in declared.spec.rules:
        if not rule.alert:
            yield RecordingRule(declared.spec, rule)
        elif alerting is not None:
            yield alerting(declared, declared.spec.effective(rule))


def _of(file: Path, further: tuple[RuleCheck, ...]) -> list[GroupSpec]:
    return read_rules(file, *further).groups


def _files(settings: RulesSettings) -> list[Path]:
    """Each once, in the order of the patterns."""
    found = (file for pattern in settings.files for file in _matching(pattern))
    return list(dict.fromkeys(found))


def _matching(pattern: Path) -> list[Path]:
    return sorted(pattern.parent.glob(pattern.name)) if "*" in pattern.name else [pattern]
