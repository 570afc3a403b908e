"""The page of the book's own sections, and of the values that stand in them."""

import ast
import inspect
import itertools
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from opsbook.app.book import Book
from opsbook.book import fields
from opsbook.metrics.store import store_kinds
from opsbook.probes import conditions
from opsbook.probes.probe import probe_kinds
from opsbook.services.controller import controller_kinds
from scripts.reference.markdown import one_line, page, prose, table
from scripts.reference.settings import settings, settings_table
from scripts.reference.words import schema_of, section_in, type_words

_INCLUDE = """A book may include others: `include: checks.yaml`, or a list of files, in which `*`
stands for any name. Paths start at the file that includes. Sections of several files add up; a
name that stands in two of them is an error."""


def book_page() -> str:
    told = dict(sections(Book))
    links = {cls: f"#{_anchor(title)}" for title, cls in told.items()}
    parts = []
    for title, cls in told.items():
        parts += [f"## {title}", prose(cls), _plugs(title), settings_table(cls, links)]
    return page("The book", one_line(_INCLUDE), *parts, "## Values", _values())


def sections(section: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Each section of the book under its title, those inside of it after it, each once."""
    found: dict[str, type[BaseModel]] = {}
    taken = {name for name, hint, _ in settings(section) if section_in(hint)}
    _collect(section, "", taken, found)
    return iter(found.items())


def _collect(
    section: type[BaseModel], around: str, taken: set[str], found: dict[str, type[BaseModel]]
) -> None:
    """A name that two sections have is told apart by what it stands in."""
    for name, hint, _ in settings(section):
        inner = section_in(hint)
        if inner is None or inner in found.values():
            continue
        plain = name if inner.__name__ != "Bands" else "bands"
        title = plain if not around or plain not in taken | found.keys() else f"{around} {plain}"
        found[title] = inner
        _collect(inner, plain, taken, found)


def _anchor(title: str) -> str:
    return title.replace(" ", "-")


def _plugs(title: str) -> str:
    """Which kinds an entry of this section names, exactly one of them."""
    plugs = {
        "services": (controller_kinds.names(), "controllers", "controller"),
        "checks": (probe_kinds.names(), "probes", "probe"),
        "metrics": (store_kinds.names(), "stores", "store"),
    }
    if title not in plugs:
        return ""
    kinds, folder, noun = plugs[title]
    names = ", ".join(f"[`{kind}`]({folder}/{kind}.md)" for kind in kinds)
    entry = "It" if title == "metrics" else "Each entry"
    return f"{entry} names exactly one {noun} by its key: {names}."


def _values() -> str:
    """The types of values that stand in many places, by the text below each of them."""
    rows = []
    for module in (fields, conditions):
        for name, meaning in _documented(module):
            alias = getattr(module, name)
            known = {} if section_in(alias) else schema_of(alias)
            examples = ", ".join(f"`{example}`" for example in known.get("examples", []))
            rows.append((type_words(alias), meaning, known.get("description", ""), examples))
    return table(("value", "meaning", "written as", "examples"), rows)


def _documented(module: Any) -> Iterator[tuple[str, str]]:
    """Public names of a module that have a text below them."""
    body = ast.parse(inspect.getsource(module)).body
    for assigned, below in itertools.pairwise(body):
        match assigned, below:
            case (
                ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ) if not name.startswith("_"):
                yield name, one_line(text)
