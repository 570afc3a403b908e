"""Problems as they were found → problems as they are told: each once, with advice that knows the
kinds of notifiers, and without values that may be secrets."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, get_args

from opsbook.alerts.configuration.inheritance import SUFFIX, Kinds, inherited_keys
from opsbook.alerts.configuration.left_out import RECEIVERS
from opsbook.alerts.notifier import Notifier
from opsbook.book.problems import Problem
from opsbook.core.secrets import Secret

_ENTRY = re.compile(rf"receivers\[\d+\]\.(\w+){SUFFIX}(?:\[\d+\]\.(\w+))?")
_GLOBAL = re.compile(r"global\.(\w+)")
_GOT = re.compile(r" \(got .*\)$", re.DOTALL)


def advised(problems: Iterable[Problem], kinds: Kinds) -> Iterator[Problem]:
    """Of a file whose receivers have entries of these kinds."""
    problems = list(problems)
    told = {problem.path for problem in problems}
    common = {
        key: (kind, name) for kind in kinds.values() for name, key in inherited_keys(kind).items()
    }
    for problem in problems:
        above, entry = _GLOBAL.match(problem.path), _ENTRY.match(problem.path)
        if above and above[1] in common:
            yield _discreet(problem, *common[above[1]])
        elif entry and (kind := kinds.get(entry[1])):
            key = entry[2] or ""
            if f"global.{inherited_keys(kind).get(key)}" not in told:
                yield _discreet(_placed(problem, kind.misplaced.get(key)), kind, key)
        else:
            yield _placed(problem, RECEIVERS.get(entry[1])) if entry else problem


def _placed(problem: Problem, advice: str | None) -> Problem:
    unknown = problem.what.startswith("unknown key")
    return replace(problem, allowed=advice) if unknown and advice else problem


def _discreet(problem: Problem, kind: type[Notifier], key: str) -> Problem:
    fields = {info.alias or name: info for name, info in kind.model_fields.items()}
    if key in fields and _may_be_secret(fields[key].annotation):
        return replace(problem, what=_GOT.sub("", problem.what))
    return problem


def _may_be_secret(annotation: Any) -> bool:
    return annotation is Secret or any(map(_may_be_secret, get_args(annotation)))
