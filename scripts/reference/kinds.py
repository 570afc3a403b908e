"""The page of a probe kind or of a controller."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from opsbook.metrics.store import store_kinds
from opsbook.probes.probe import Probe, probe_kinds
from opsbook.services.controller import controller_kinds
from scripts.reference.markdown import fenced, page, prose, table
from scripts.reference.settings import (
    VALUES,
    settings,
    settings_table,
    shared_sections,
    told_as,
)
from scripts.reference.words import section_in

EXAMPLES = Path(__file__).parents[2] / "docs/examples"

_UNITS = {"_seconds": "seconds", "_bytes": "bytes", "_percent": "percent"}


def example(plugs: str, kind: str) -> str:
    """The book in docs/examples/ that shows a kind. Raises FileNotFoundError without one."""
    return (EXAMPLES / plugs / f"{kind}.yaml").read_text(encoding="utf-8")


def probe_page(kind: str, book: str) -> str:
    cls = probe_kinds.load(kind)
    return page(
        f"The probe `{kind}`",
        prose(cls),
        "## Example",
        fenced(book, "yaml"),
        f"## Settings under `{kind}:`",
        settings_table(cls, _links(cls)) or "None.",
        f"{VALUES.format(up='../')} Interval, deadline and service of the check stand beside "
        f"`{kind}:`, see [checks](../book.md#checks).",
        "## Measurements",
        table(("measurement", "unit", "meaning"), _measurements(cls)),
        _named_by_the_book(cls),
        "## Conditions",
        _conditions(cls.expects),
    )


def controller_page(kind: str, book: str) -> str:
    cls = controller_kinds.load(kind)
    return page(
        f"The controller `{kind}`",
        prose(cls),
        "## Example",
        fenced(book, "yaml"),
        f"## Settings under `{kind}:`",
        settings_table(cls, _links(cls)),
        f"{VALUES.format(up='../')} Dependencies, ports and restarts of the service stand beside "
        f"`{kind}:`, see [services](../book.md#services).",
    )


def store_page(kind: str, book: str) -> str:
    cls = store_kinds.load(kind)
    return page(
        f"The store `{kind}`",
        prose(cls),
        "## Example",
        fenced(book, "yaml"),
        f"## Settings under `{kind}:`",
        settings_table(cls, _links(cls)),
        VALUES.format(up="../"),
    )


def unit(measurement: str) -> str:
    """The unit that the name of a measurement ends with; empty for counts and texts."""
    return next((unit for suffix, unit in _UNITS.items() if measurement.endswith(suffix)), "")


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


def _links(cls: type[BaseModel]) -> dict[type, str]:
    pages = {section: f"../sections/{name}.md" for name, section in shared_sections([cls])}
    held = (section_in(hint) for _, hint, _ in settings(cls))
    return {section: pages[told_as(section)] for section in held if section}
