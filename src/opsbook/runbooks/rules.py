"""What must hold within and between the runbooks of a book, beyond each setting by itself."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from zoneinfo import ZoneInfo

import re2  # type: ignore[import-untyped]  # the wheel carries no types

from opsbook.book.graph import circles
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.errors import BadInputError, hint_for
from opsbook.runbooks.action import Thing
from opsbook.runbooks.parameters import ParameterSettings, fitting
from opsbook.runbooks.place import called as name_of
from opsbook.runbooks.references import Scope, used
from opsbook.runbooks.settings import RunbookSettings, StepSettings, walk
from opsbook.runbooks.snapshot import called
from opsbook.runbooks.template import Template
from opsbook.runbooks.words import parameter_name

_MOST_STEPS = 500
Role = Literal["step", "look", "rollback"]
"""A step of the run, of a precheck or proof, or of a rollback."""
Runbooks = Mapping[str, RunbookSettings]
Known = Mapping[Thing, Collection[str]]
Found = Iterator[tuple[Path_, str, str]]
"""Place, what is wrong, and what to do."""


def runbook_problems(
    runbooks: Runbooks,
    *,
    checks: Collection[str],
    services: Collection[str],
    receivers: Collection[str],
    hosts: Collection[str],
    source: Source,
) -> list[Problem]:
    """Every problem of the section `runbooks`, each with its exact place."""
    known: Known = {
        "check": checks,
        "service": services,
        "receiver": receivers,
        "host": hosts,
        "runbook": runbooks,
    }
    found = [each for name in runbooks for each in _of_runbook(name, runbooks, known)]
    found += _circles(runbooks)
    return [Problem(source.mark(at), dotted(at), what, remedy) for at, what, remedy in found]


def _of_runbook(name: str, runbooks: Runbooks, known: Known) -> Found:
    book, at = runbooks[name], ("runbooks", name)
    for parameter, settings in book.parameters.items():
        where = (*at, "parameters", parameter)
        yield from _of_parameter(parameter, settings, where, known["service"])
    yield from _of_window(book, at)
    secrets = [each for each, settings in book.parameters.items() if settings.type == "secret"]
    scope = Scope(frozenset(book.parameters), frozenset(secrets))
    if book.target is not None:
        for reference in sorted(book.target.references):
            if (trouble := scope.trouble(reference)) is not None:
                yield (*at, "target"), *trouble
    if len(walk(book.steps)) > _MOST_STEPS:
        yield (*at, "steps"), f"more than {_MOST_STEPS} steps", "make several runbooks of it"
    yield from _Steps(runbooks, known, "step").problems(book.steps, (*at, "steps"), scope)


def _of_parameter(
    name: str, settings: ParameterSettings, at: Path_, services: Collection[str]
) -> Found:
    try:
        parameter_name(name)
    except BadInputError as error:
        yield at, *_halves(str(error))
    if settings.type == "choice" and not settings.choices:
        yield at, "a choice without choices", "write `choices: [one, other]`"
    if settings.choices and settings.type != "choice":
        yield (*at, "choices"), f"a {settings.type} has no choices", "write `type: choice`"
    low, high = settings.minimum, settings.maximum
    if low is not None and high is not None and low > high:
        yield (*at, "minimum"), f"greater than the maximum (got {low:g})", f"at most {high:g}"
    if settings.pattern is not None:
        try:
            re2.compile(settings.pattern)
        except re2.error as error:
            yield (*at, "pattern"), f"not a regular expression (RE2): {error}", "mend it"
            return
    if settings.default is not None:
        try:
            fitting(settings, settings.default, services)
        except ValueError as error:
            what, remedy = _halves(str(error))
            yield (*at, "default"), f"the default does not fit: {what}", remedy


def _of_window(book: RunbookSettings, at: Path_) -> Found:
    window = book.window
    if window is None:
        return
    where = (*at, "window")
    try:
        ZoneInfo(window.zone)
    except (KeyError, OSError, ValueError):
        remedy = "write a name such as Europe/Berlin"
        yield (*where, "zone"), f"no such time zone (got {window.zone!r})", remedy
    if window.from_ == window.to:
        what = f"it opens when it closes (got {window.from_})"
        yield where, what, "leave both out for the whole day"
    if not any(step.action_class == 3 for step in walk(book.steps)):
        yield where, "no step of it is of class 3", "only those wait for a window: remove it"


@dataclass(frozen=True, slots=True)
class _Steps:
    """The rules for steps, at any depth."""

    runbooks: Runbooks
    known: Known
    role: Role

    def problems(self, steps: Sequence[StepSettings], at: Path_, scope: Scope) -> Found:
        names = [name_of(step, number) for number, step in enumerate(steps, 1)]
        seen = replace(scope, later=scope.later | set(names))
        for index, (name, step) in enumerate(zip(names, steps, strict=True)):
            where = (*at, index)
            if name in names[:index]:
                yield where, f"two steps of one name (got {name!r})", "name one of them otherwise"
            yield from self._one(step, where, seen, name)
            seen = seen.after(name, step)

    def _one(self, step: StepSettings, at: Path_, scope: Scope, name: str) -> Found:
        yield from self._class(step, at)
        if self.role != "look":
            yield from self._proof(step, at)
        yield from self._names(step, at)
        for where, reference in used(step):
            if (trouble := scope.trouble(reference)) is not None:
                yield (*at, *where), *trouble
            elif reference[0] in scope.secrets and {*where[1:2]} & step.action.shows:
                what = f"anybody on the host can read it there (`ps`): {reference[0]} is a secret"
                yield (*at, *where), what, "give it in `environment:`"
        if step.kind == "run":
            yield from self._called(step, at, scope)
        yield from self._parts(step, at, scope, scope.after(name, step))

    def _class(self, step: StepSettings, at: Path_) -> Found:
        least = step.action.least_class
        if step.class_ is not None and least is not None and step.class_ < least:
            what = f"{step.kind} is of class {least} at least (got {step.class_})"
            yield (*at, "class"), what, "say more, not less"
        if step.class_ is None and least is None and step.kind != "run":
            what = f"the class is missing: of a {step.kind} only you know what it does"
            yield at, what, "write `class: 0` if it only looks, 1 if it is narrow and reversible"
        if self.role == "look" and step.action_class > 0:
            what = f"class {step.action_class}: a precheck or proof only looks"
            yield at, what, "make it a step of its own"

    def _proof(self, step: StepSettings, at: Path_) -> Found:
        if step.rollback and step.no_rollback:
            yield at, "both rollback and no_rollback are given", "keep one"
        if step.consists_of_others or not 0 < step.action_class < 4:
            return
        if step.verify is None:
            what = f"a step of class {step.action_class} must say what proves that it worked"
            yield at, what, "write `verify: {within: 30s, steps: [{check: {name: …}}]}`"
        if self.role == "step" and not step.rollback and not step.no_rollback:
            what = f"a step of class {step.action_class} must say what takes it back"
            yield at, what, "write `rollback: [steps]`, or `no_rollback:` and why there is none"

    def _names(self, step: StepSettings, at: Path_) -> Found:
        if step.host is not None and (self.role == "look" or step.consists_of_others):
            what = "a host stands at a step that acts; what is around or within it goes there too"
            yield (*at, "host"), what, "move it to the step that acts"
        named = [*step.action.names()]
        if step.host is not None and step.host.fixed is not None:
            named.append(("host", step.host.fixed))
        for thing, name in named:
            if name not in self.known[thing]:
                remedy = hint_for(name, self.known[thing])
                where = (*at, "host") if thing == "host" else (*at, step.kind)
                yield where, f"no such {thing} (got {name!r})", remedy
        if "start_within" in step.model_fields_set and step.host is None:
            what = "only another host starts it later than it is asked to"
            yield (*at, "start_within"), what, "name a `host`, or leave it out"

    def _called(self, step: StepSettings, at: Path_, scope: Scope) -> Found:
        """Parameters that another runbook is given."""
        name = next((name for thing, name in step.action.names() if thing == "runbook"), None)
        if name is None:
            what = "which runbook it is must be known before it runs"
            yield (*at, "run", "runbook"), what, "name it without {{ }}"
            return
        if name not in self.runbooks:
            return
        wanted = self.runbooks[name].parameters
        given: Mapping[str, Template] = getattr(step.action, "with_", {})
        for each in given:
            if each not in wanted:
                remedy = f"known: {', '.join(wanted) or 'none'}"
                what = f"runbook {name} has no such parameter (got {each!r})"
                yield (*at, "run", "with", each), what, remedy
            elif wanted[each].type != "secret" and _names_one_of(scope.secrets, given[each]):
                what = f"parameter {each} of {name} is no secret, and what is given is one"
                yield (*at, "run", "with", each), what, "write `type: secret` there"
        for each, settings in wanted.items():
            if each not in given and settings.default is None:
                yield (*at, "run"), f"parameter {each} of {name} is missing", "write it in `with`"

    def _parts(self, step: StepSettings, at: Path_, before: Scope, after: Scope) -> Found:
        looks, undo = replace(self, role="look"), replace(self, role="rollback")
        yield from looks.problems(step.precheck, (*at, "precheck"), before)
        if step.verify is not None:
            yield from looks.problems(step.verify.steps, (*at, "verify", "steps"), after)
        yield from undo.problems(step.rollback, (*at, "rollback"), after)
        inner = replace(before, added=before.added | {getattr(step.action, "as_", "item")})
        waits = replace(self, role="look") if step.kind == "wait-until" else self
        for name, info in type(step.action).model_fields.items():
            value = getattr(step.action, name)
            if isinstance(value, list) and value and isinstance(value[0], StepSettings):
                where = (*at, step.kind, info.alias or name)
                yield from waits.problems(value, where, inner)


def _names_one_of(secrets: Collection[str], given: Template) -> bool:
    return any(reference[0] in secrets for reference in given.references)


def _circles(runbooks: Runbooks) -> Found:
    for circle in circles({name: called(each) for name, each in runbooks.items()}):
        way = " → ".join([*circle, circle[0]])
        yield ("runbooks", circle[0]), f"runbooks run each other in a circle (got {way})", "cut it"


def _halves(text: str) -> tuple[str, str]:
    what, _, remedy = text.partition(": ")
    return what, remedy
