"""Settings of a section as a table."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from opsbook.runbooks.settings import StepSettings
from scripts.reference.markdown import first_line, table
from scripts.reference.words import default_words, section_in, type_words

VALUES = "How durations, sizes, paths and secrets are written: [values]({up}book.md#values)."


def settings_table(section: type[BaseModel], links: dict[type, str] | None = None) -> str:
    """Name, type, default and meaning of each setting; `links` says where sections are told."""
    mark = dict.fromkeys(_expanded(section), " (template)")
    rows = [
        (
            f"`{name}`",
            _linked(hint, type_words(hint, info), links or {}) + mark.get(name, ""),
            default_words(hint, info),
            meaning(hint, info),
        )
        for name, hint, info in settings(section)
    ]
    return table(("setting", "type", "default", "meaning"), rows)


def settings(section: type[BaseModel]) -> list[tuple[str, Any, FieldInfo]]:
    """Each setting by the name that it has in a book, with its type and what is known of it."""
    hints = get_type_hints(section, localns={"AnyStep": StepSettings}, include_extras=True)
    return [(info.alias or name, hints[name], info) for name, info in section.model_fields.items()]


def meaning(hint: Any, info: FieldInfo) -> str:
    """The text below a setting; a section without one speaks for itself."""
    section = section_in(hint)
    return info.description or (first_line(section) if section else "")


def _expanded(section: type[BaseModel]) -> Iterator[str]:
    """Settings whose text is a template. Their type is that of any text, under a name of its
    own, which only the source has."""
    bases = [base for base in section.__mro__ if base.__module__.startswith("opsbook.")]
    for node in (node for base in bases for node in ast.walk(_source(base))):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=hint):
                if "TemplateText" in ast.unparse(hint):
                    yield section.model_fields[name].alias or name


def _source(cls: type) -> ast.Module:
    return ast.parse(textwrap.dedent(inspect.getsource(cls)))


def _linked(hint: Any, words: str, links: dict[type, str]) -> str:
    section = section_in(hint)
    if section is None:
        return words
    known = next((links[base] for base in section.__mro__ if base in links), None)
    if known is None:
        return words
    part = "section" if "section" in words else words
    return words.replace(part, f"[{part}]({known})")
