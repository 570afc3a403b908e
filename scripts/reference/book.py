"""The page of the book's own sections, and of the values that stand in them."""

import ast
import inspect
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from opsbook.alerts.configuration.inheritance import inherited_keys
from opsbook.alerts.notifier import Notifier
from opsbook.app.book import Book
from opsbook.book import fields
from opsbook.probes import conditions
from scripts.reference.markdown import one_line, page, prose, table
from scripts.reference.plugs import PLUGS, Plug
from scripts.reference.settings import settings, settings_table
from scripts.reference.words import schema_of, section_in, type_words

_INCLUDE = """A book may include others: `include: checks.yaml`, or a list of files, in which `*`
stands for any name. Paths start at the file that includes. Sections of several files add up; a
name that stands in two of them is an error."""

_FOR_ENTRIES = "And what entries of receivers have where they do not say it themselves:"


def book_page() -> str:
    told = dict(sections(Book))
    links = {cls: f"#{anchor(title)}" for title, cls in told.items()}
    parts = []
    for title, cls in told.items():
        parts += [f"## {title}", prose(cls), _plugs(title), settings_table(cls, links)]
        parts += _for_entries() if title == "global" else []
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


def anchor(title: str) -> str:
    return title.replace(" ", "-")


def _plugs(title: str) -> str:
    """Which kinds an entry of this section names."""
    return " ".join(
        f"{plug.chosen}: {_kinds(plug, plug.kinds.names())}."
        for plug in PLUGS
        if plug.section == title
    )


def _for_entries() -> list[str]:
    """What stands under `global:` for the entries of receivers."""
    takers: dict[str, list[str]] = {}
    for plug in PLUGS:
        for kind, cls in plug.each():
            for key in inherited_keys(cls).values() if issubclass(cls, Notifier) else ():
                takers.setdefault(key, []).append(_kinds(plug, [kind]))
    keys: dict[str, list[str]] = {}
    for key, who in takers.items():
        keys.setdefault(", ".join(who), []).append(f"`{key}`")
    rows = ((", ".join(listed), who) for who, listed in keys.items())
    return [_FOR_ENTRIES, table(("settings", "entries that take them"), rows)]


def _kinds(plug: Plug, kinds: Iterable[str]) -> str:
    return ", ".join(f"[`{plug.key(kind)}`]({plug.folder}/{kind}.md)" for kind in kinds)


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
