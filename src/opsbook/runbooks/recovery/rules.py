"""What must hold between plans of recovery and the rest of a book."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from opsbook.backups.settings import SetSettings
from opsbook.backups.source import SourceError
from opsbook.book.names import unknown_names
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.runbooks.recovery.settings import RecoverySettings

_LONGEST = 29
"""Characters of a plan and a set together: with the run's id, a database's name has 63."""


def recovery_problems(
    plans: Mapping[str, RecoverySettings],
    sets: Mapping[str, SetSettings],
    services: Mapping[str, object],
    checks: Mapping[str, object],
    provers: Mapping[str, Sequence[str]],
    runbooks: Collection[str],
    source: Source,
) -> list[Problem]:
    """Unknown names, services that nothing proves, and names that are taken or too long."""
    problems = []
    for name, plan in plans.items():
        at: Path_ = ("recovery", name)
        problems += unknown_names((*at, "sets"), plan.sets, sets, source)
        problems += unknown_names((*at, "stop"), plan.stop, services, source)
        problems += unknown_names((*at, "checks"), plan.checks, checks, source)
        if plan.rehearse is not None:
            where = (*at, "rehearse")
            problems += unknown_names((*where, "into"), plan.rehearse.into, sets, source)
            problems += unknown_names((*where, "checks"), plan.rehearse.checks, checks, source)
        problems += [
            Problem(source.mark(at), dotted(at), what, remedy)
            for what, remedy in (*_of_names(name, plan, provers, runbooks), *_of_sets(plan, sets))
        ]
    return problems


def _of_names(
    name: str,
    plan: RecoverySettings,
    provers: Mapping[str, Sequence[str]],
    runbooks: Collection[str],
) -> Iterator[tuple[str, str]]:
    for taken in {f"recover-{name}", f"rehearse-{name}"} & {*runbooks}:
        yield f"there is a runbook {taken} already", "name one of them otherwise"
    for each in plan.sets:
        if len(name) + len(each) > _LONGEST:
            what = f"the plan's name and that of set {each} are too long together"
            yield what, f"at most {_LONGEST} characters"
    for service in plan.stop:
        if service in provers and not provers[service]:
            yield f"nothing tells whether service {service} is up", "give it a check"


def _of_sets(plan: RecoverySettings, sets: Mapping[str, SetSettings]) -> Iterator[tuple[str, str]]:
    for each in {*plan.sets, *(plan.rehearse.into if plan.rehearse else ())} & {*sets}:
        try:
            _ = sets[each].source.places
        except SourceError as error:
            yield f"set {each}: {error}", "leave it out of the plan"
