"""Where in the reference a section is told: in the book, on a page of its own, or beside what
holds it."""

from collections.abc import Iterable, Iterator
from functools import cache

from pydantic import BaseModel

from opsbook.app.book import Book
from scripts.reference.book import anchor, sections
from scripts.reference.markdown import module_text, page, prose
from scripts.reference.settings import VALUES, settings, settings_table
from scripts.reference.words import section_in


def shared_sections(kinds: Iterable[type[BaseModel]]) -> list[tuple[str, type[BaseModel]]]:
    """The sections that several kinds may have, each by the name of the module it is from."""
    found: dict[str, type[BaseModel]] = {}
    left = list(kinds)
    while left:
        holder = left.pop()
        inner = [each for _, each in own_sections(holder)]
        for _, section in _held([holder, *inner]):
            name = _module(section)
            if not _is_beside(section, holder) and section not in _book() and name not in found:
                found[name] = section
                left.append(section)
    return sorted(found.items())


def own_sections(holder: type[BaseModel]) -> list[tuple[str, type[BaseModel]]]:
    """Sections from the same module, by the settings that hold them, the outer before the
    inner."""
    found: dict[str, type[BaseModel]] = {}
    left = [holder]
    while left:
        for name, section in _held([left.pop(0)]):
            if _is_beside(section, holder) and section not in found.values():
                found[name] = section
                left.append(section)
    return list(found.items())


def section_page(section: type[BaseModel]) -> str:
    """The page of a section that several kinds may have."""
    return page(
        f"The section `{_module(section)}`",
        module_text(section),
        prose(section),
        *settings_tables(section, VALUES.format(up="../")),
    )


def settings_tables(holder: type[BaseModel], remark: str) -> list[str]:
    """What can be set, a remark on it, and the sections that are told beside it."""
    links = _links(holder)
    parts = [settings_table(holder, links) or "None.", remark]
    for name, section in own_sections(holder):
        parts += [f"### {name}", prose(section), settings_table(section, links)]
    return parts


def told_as(section: type[BaseModel]) -> type[BaseModel]:
    """The public class whose page tells of this one: itself, or what it adds no setting to."""
    bases = (base for base in section.__mro__ if issubclass(base, BaseModel))
    return next(
        base
        for base in bases
        if not base.__name__.startswith("_") and set(base.model_fields) == set(section.model_fields)
    )


def _held(holders: Iterable[type[BaseModel]]) -> Iterator[tuple[str, type[BaseModel]]]:
    for holder in holders:
        for name, hint, _ in settings(holder):
            section = section_in(hint)
            if section is not None:
                yield name, told_as(section)


def _links(holder: type[BaseModel]) -> dict[type, str]:
    beside = {section: f"#{anchor(name)}" for name, section in own_sections(holder)}
    held = {section for _, section in _held([holder, *beside])}
    elsewhere = {section: f"../sections/{_module(section)}.md" for section in held}
    return elsewhere | _book() | beside


@cache
def _book() -> dict[type[BaseModel], str]:
    return {section: f"../book.md#{anchor(title)}" for title, section in sections(Book)}


def _is_beside(section: type[BaseModel], holder: type[BaseModel]) -> bool:
    return section.__module__ == holder.__module__


def _module(section: type[BaseModel]) -> str:
    return section.__module__.rpartition(".")[2]
