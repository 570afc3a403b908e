"""Parts of a Markdown page."""

import inspect
import sys
from collections.abc import Iterable, Sequence

_GENERATED = "<!-- Written by `python -m scripts.reference`. Change the code, not this page. -->"


def page(title: str, *parts: str) -> str:
    """A page of a title and parts, of which empty ones are left out."""
    return "\n\n".join([_GENERATED, f"# {title}", *filter(None, parts)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty where there are no rows."""
    listed = list(rows)
    if not listed:
        return ""
    lines = [_row(head), "|" + "---|" * len(head), *map(_row, listed)]
    return "\n".join(lines)


def fenced(text: str, language: str = "") -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def prose(cls: type) -> str:
    """The docstring of a class as it was written for people, lines joined to paragraphs."""
    text = inspect.cleandoc(cls.__doc__ or "")
    return "\n\n".join(one_line(paragraph) for paragraph in text.split("\n\n"))


def first_line(cls: type) -> str:
    """The first paragraph of a class's docstring."""
    return prose(cls).split("\n\n")[0]


def module_text(cls: type) -> str:
    """The docstring of the module that a class is from."""
    return one_line(sys.modules[cls.__module__].__doc__ or "")


def one_line(text: str) -> str:
    return " ".join(text.split())


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(one_line(cell).replace("|", "\\|") for cell in cells) + " |"
