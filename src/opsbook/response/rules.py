"""What must hold between `responses:` and the rest of a book."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.errors import hint_for
from opsbook.response.settings import ResponseSettings
from opsbook.runbooks.parameters import fitting
from opsbook.runbooks.settings import RunbookSettings, walk
from opsbook.runbooks.snapshot import needed, run_class
from opsbook.runbooks.template import Template

Found = Iterator[tuple[Path_, str, str]]
"""Place, what is wrong, and what to do."""


def response_problems(
    responses: Sequence[ResponseSettings],
    runbooks: Mapping[str, RunbookSettings],
    checks: Collection[str],
    services: Collection[str],
    source: Source,
) -> list[Problem]:
    """Names that stand for nothing, parameters that do not fit, and runbooks that may not run
    unattended."""
    found: list[tuple[Path_, str, str]] = []
    for index, response in enumerate(responses):
        at: Path_ = ("responses", index)
        found += _trigger(response, at, checks, services)
        if response.title in (each.title for each in responses[:index]):
            found.append((at, f"two responses (got {response.title!r})", "name one otherwise"))
        if response.runbook in runbooks:
            found += _parameters(response, runbooks[response.runbook], at, services)
            found += _class(response, runbooks, at)
        else:
            found.append(((*at, "runbook"), *_unknown("runbook", response.runbook, runbooks)))
    return [Problem(source.mark(at), dotted(at), what, remedy) for at, what, remedy in found]


def _trigger(
    response: ResponseSettings, at: Path_, checks: Collection[str], services: Collection[str]
) -> Found:
    given = [each for each in ("alert", "check", "death") if getattr(response, each)]
    if len(given) != 1:
        got = ", ".join(given) or "none"
        what = f"what it answers must be one of alert, check, death (got {got})"
        yield at, what, "write `alert: {alertname: …}`, `check: NAME` or `death: SERVICE`"
    if response.check is not None and response.check not in checks:
        yield (*at, "check"), *_unknown("check", response.check, checks)
    if response.death is not None and response.death not in services:
        yield (*at, "death"), *_unknown("service", response.death, services)


def _parameters(
    response: ResponseSettings, runbook: RunbookSettings, at: Path_, services: Collection[str]
) -> Found:
    given, wanted = response.with_, runbook.parameters
    for name, template in given.items():
        where = (*at, "with", name)
        if name not in wanted:
            yield where, *_unknown("parameter", name, wanted)
            continue
        yield from ((where, *each) for each in _references(response, template))
        if template.fixed is not None:
            try:
                fitting(wanted[name], template.fixed, services)
            except ValueError as error:
                yield where, str(error), f"it is of type {wanted[name].type}"
    for name, settings in wanted.items():
        if name not in given and settings.default is None:
            what = f"parameter {name} of {response.runbook} is missing"
            yield at, what, "write it in `with`"


def _references(response: ResponseSettings, template: Template) -> Iterator[tuple[str, str]]:
    known = {"service", "incident"} | ({"alert"} if response.death is None else set())
    for reference in sorted(template.references):
        if reference[0] not in known:
            what = f"nothing has this name (got {reference[0]!r})"
            yield what, f"known: {', '.join(sorted(known))}"


def _class(response: ResponseSettings, runbooks: Mapping[str, RunbookSettings], at: Path_) -> Found:
    name, where = response.runbook, (*at, "runbook")
    whole = run_class(name, runbooks)
    if whole >= 3 and not response.ask:
        what = f"{name} is of class {whole}: a second person has to consent"
        yield where, what, "write `ask: true`: it is asked for, and people are told that it waits"
    if _confirmed(name, runbooks) and response.plan is None:
        what = f"{name} has steps of class 2: nobody is there to confirm them"
        yield where, what, "write `plan:` and the digest of a signed plan"


def _confirmed(name: str, runbooks: Mapping[str, RunbookSettings]) -> bool:
    """Whether any step of it wants to be confirmed."""
    steps = [step for each in needed(name, runbooks).values() for step in walk(each.steps)]
    return any(step.action_class == 2 for step in steps)


def _unknown(thing: str, name: str, known: Collection[str]) -> tuple[str, str]:
    return f"no such {thing} (got {name!r})", hint_for(name, known)
