"""Settings of a section as a table."""

import inspect
import sys
from collections.abc import Iterable
from typing import Any, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scripts.reference.markdown import first_line, page, prose, table
from scripts.reference.words import default_words, section_in, type_words

VALUES = "How durations, sizes, paths and secrets are written: [values]({up}book.md#values)."


def settings_table(section: type[BaseModel], links: dict[type, str] | None = None) -> str:
    """Name, type, default and meaning of each setting; `links` says where sections are told."""
    rows = [
        (
            f"`{name}`",
            _linked(hint, type_words(hint, info), links or {}),
            default_words(hint, info),
            meaning(hint, info),
        )
        for name, hint, info in settings(section)
    ]
    return table(("setting", "type", "default", "meaning"), rows)


def settings(section: type[BaseModel]) -> list[tuple[str, Any, FieldInfo]]:
    """Each setting by the name that it has in a book, with its type and what is known of it."""
    hints = get_type_hints(section, include_extras=True)
    return [(info.alias or name, hints[name], info) for name, info in section.model_fields.items()]


def meaning(hint: Any, info: FieldInfo) -> str:
    """The text below a setting; a section without one speaks for itself."""
    section = section_in(hint)
    return info.description or (first_line(section) if section else "")


def shared_sections(kinds: Iterable[type[BaseModel]]) -> list[tuple[str, type[BaseModel]]]:
    """The sections that several kinds have, each by the name of the module that it is from."""
    found = {}
    for kind in kinds:
        for _, hint, _ in settings(kind):
            section = section_in(hint)
            if section is not None:
                public = told_as(section)
                found[public.__module__.rpartition(".")[2]] = public
    return sorted(found.items())


def told_as(section: type[BaseModel]) -> type[BaseModel]:
    """The public class whose page tells of this one: itself, or what it adds no setting to."""
    bases = (base for base in section.__mro__ if issubclass(base, BaseModel))
    return next(
        base
        for base in bases
        if not base.__name__.startswith("_") and set(base.model_fields) == set(section.model_fields)
    )


def section_page(section: type[BaseModel]) -> str:
    """The page of a section that several kinds have."""
    name = section.__module__.rpartition(".")[2]
    where = inspect.cleandoc(sys.modules[section.__module__].__doc__ or "")
    return page(
        f"The section `{name}`",
        where,
        prose(section),
        settings_table(section),
        VALUES.format(up="../"),
    )


def _linked(hint: Any, words: str, links: dict[type, str]) -> str:
    section = section_in(hint)
    if section is None:
        return words
    known = next((links[base] for base in section.__mro__ if base in links), None)
    if known is None:
        return words
    part = "section" if "section" in words else words
    return words.replace(part, f"[{part}]({known})")
