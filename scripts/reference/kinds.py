"""The page of a kind: of a probe, a controller, a store, a notifier, a step or an engine."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from opsbook.alerts.configuration.inheritance import inherited_keys
from opsbook.alerts.notifier import Notifier
from opsbook.databases.engine import Engine
from opsbook.probes.probe import Probe
from opsbook.runbooks.action import Action
from scripts.reference.markdown import fenced, page, prose, table
from scripts.reference.places import settings_tables
from scripts.reference.plugs import Plug
from scripts.reference.settings import VALUES

_UNITS = {"_seconds": "seconds", "_bytes": "bytes", "_percent": "percent"}

_FROM_GLOBAL = """## Taken from `global:`

Where an entry does not say one of these, it has what [global](../book.md#global) says."""


def kind_page(plug: Plug, kind: str, book: str) -> str:
    """The page of a kind, with a book that shows it."""
    cls, key = plug.kinds.load(kind), plug.key(kind)
    return page(
        f"The {plug.noun} `{kind}`",
        plug.about(kind),
        prose(cls),
        "## Example",
        fenced(book, "yaml"),
        f"## Settings under `{key}:`",
        *settings_tables(cls, f"{VALUES.format(up='../')} {plug.beside.format(key=key)}".strip()),
        *_further(cls),
    )


def unit(measurement: str) -> str:
    """The unit that the name of a measurement ends with; empty for counts and texts."""
    return next((unit for suffix, unit in _UNITS.items() if measurement.endswith(suffix)), "")


def _further(cls: type[BaseModel]) -> list[str]:
    """What only one sort of kinds has to tell."""
    if issubclass(cls, Probe):
        return _measured(cls)
    if issubclass(cls, Action):
        return _acting(cls)
    if issubclass(cls, Engine):
        return _cared_for(cls)
    return _inherited(cls) if issubclass(cls, Notifier) else []


def _measured(cls: type[Probe]) -> list[str]:
    return [
        "## Measurements",
        table(("measurement", "unit", "meaning"), _measurements(cls)),
        _named_by_the_book(cls),
        "## Conditions",
        _conditions(cls.expects),
    ]


def _cared_for(cls: type[Engine]) -> list[str]:
    """Its figures, its limits and what may be asked of it."""
    rows = [(f"`{name}`", unit(name), meaning) for name, meaning in cls.measures.items()]
    limits = ", ".join(f"`{name}`" for name in sorted(cls.limited))
    steps = ", ".join(f"`{name}`" for name in sorted(cls.steps))
    told = [f"Limits: {limits}.", f"Steps of maintenance: {steps or 'none'}."]
    return ["## Figures", table(("figure", "unit", "meaning"), rows), *told]


def _acting(cls: type[Action]) -> list[str]:
    """Its class and its result."""
    rows = [(f"`{name}`", meaning) for name, meaning in cls.gives.items()]
    return ["## Class", cls.class_told, "## Result", table(("field", "meaning"), rows)]


def _inherited(cls: type[Notifier]) -> list[str]:
    rows = [(f"`{own}`", f"`{key}`") for own, key in inherited_keys(cls).items()]
    return [_FROM_GLOBAL, table(("setting", "key of `global:`"), rows)] if rows else []


def _measurements(cls: type[Probe]) -> list[tuple[str, str, str]]:
    return [(f"`{name}`", unit(name), meaning) for name, meaning in cls.measures.items()]


def _named_by_the_book(cls: type[Probe]) -> str:
    if cls.measured is Probe.measured:
        return ""
    return "The settings may name further measurements; they can be judged like these."


def _conditions(expects: Mapping[str, Mapping[str, Any]]) -> str:
    if not expects:
        return "None by itself: a look that succeeds is up, whatever it measured."
    intro = "Judged so unless the book has its own condition for the measurement:"
    lines = ["conditions:", *(f"  {name}: {_flow(rule)}" for name, rule in expects.items())]
    return "\n\n".join([intro, fenced("\n".join(lines))])


def _flow(rule: Any) -> str:
    """A rule as YAML in one line."""
    if isinstance(rule, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(value)}" for key, value in rule.items()) + "}"
    return json.dumps(rule)
