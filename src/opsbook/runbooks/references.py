"""What the templates of a step refer to, held against what will be there by then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from opsbook.book.model import Section
from opsbook.book.source import Path_
from opsbook.core.errors import hint_for
from opsbook.runbooks.settings import StepSettings
from opsbook.runbooks.template import Expression, Reference, Template

_ALWAYS = frozenset({"run", "alert", "incident"})
_OF_ALL = frozenset({"failed", "unknown", "cut"})
"""Fields that every result may have."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Names that a template may use at one place of a runbook."""

    parameters: frozenset[str]
    secrets: frozenset[str] = frozenset()
    """Those of the parameters that are secrets."""
    steps: Mapping[str, StepSettings] = field(default_factory=dict)
    later: frozenset[str] = frozenset()
    """Steps that come, for a remedy that helps."""
    added: frozenset[str] = frozenset()
    """By the steps around, such as `item`."""

    def after(self, name: str, step: StepSettings) -> "Scope":
        return replace(self, steps={**self.steps, name: step}, later=self.later - {name})

    def trouble(self, reference: Reference) -> tuple[str, str] | None:
        """What is wrong with it, and what to write."""
        if reference[0] == "steps":
            return self._of_step(reference[1:])
        known = self.parameters | self.added | _ALWAYS
        if reference[0] in known:
            return None
        what = f"nothing has this name (got {reference[0]!r})"
        return what, _hint(reference[0], {*known, "steps"})

    def _of_step(self, rest: Reference) -> tuple[str, str] | None:
        if not rest:
            return None
        name = rest[0]
        if name in self.later:
            return f"step {name} comes later (got steps.{name})", "move it before this one"
        if name not in self.steps:
            return f"there is no earlier step of this name (got {name!r})", _hint(name, self.steps)
        gives = self.steps[name].action.gives
        if len(rest) == 1 or rest[1] in gives or rest[1] in _OF_ALL:
            return None
        what = f"step {name} gives no such field (got {rest[1]!r})"
        return what, _hint(rest[1], gives)


def used(step: StepSettings) -> Iterator[tuple[Path_, Reference]]:
    """What a step refers to itself, with the place within the step; not the steps within."""
    for name, info in type(step).model_fields.items():
        yield from _within(getattr(step, name), (info.alias or name,))


def _within(value: Any, at: Path_) -> Iterator[tuple[Path_, Reference]]:
    if isinstance(value, Template | Expression):
        yield from ((at, reference) for reference in sorted(value.references))
    elif isinstance(value, StepSettings) or (at[0] == "verify" and len(at) == 1):
        return
    elif isinstance(value, Section):
        for name, info in type(value).model_fields.items():
            yield from _within(getattr(value, name), (*at, info.alias or name))
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _within(each, (*at, key))
    elif isinstance(value, list | tuple):
        for index, each in enumerate(value):
            yield from _within(each, (*at, index))


def _hint(name: str, known: Any) -> str:
    return hint_for(name, sorted(known))
