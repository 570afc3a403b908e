"""Templates of a configuration: the files that define them, and the texts that use them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from opsbook.alerts.configuration.document import Document
from opsbook.alerts.configuration.inheritance import SUFFIX
from opsbook.alerts.model import Alert, Notice
from opsbook.alerts.templates.language.errors import TemplateError
from opsbook.alerts.templates.notice_data import NoticeData
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.labels import labels_of

_ALWAYS = re.compile(r"there is no template|templates call each other")
"""Troubles of a text that do not depend on the notice."""


def template_files(document: Document) -> list[Path]:
    """In their order; those of one pattern by their names."""
    return [file for pattern in document.templates for file in _matching(pattern)]


def find_text_problems(
    document: Document, source: Source, at: Path_ = ()
) -> tuple[list[Problem], list[Problem]]:
    """What is wrong with templates in any case, and what is with an example alone or can hardly
    be meant. `at` is where in the source the document stands."""
    wrong, doubtful = [], []
    for path, what in _broken_files(document):
        wrong.append(_problem(source, (*at, *path), what, None))
    for number, pattern in enumerate(document.templates):
        if not _matching(pattern):
            remedy = "write its name as it is, or remove it"
            what = f"no such file (got {str(pattern)!r})"
            doubtful.append(_problem(source, (*at, "templates", number), what, remedy))
    if not wrong:
        templates = NoticeTemplates(template_files(document))
        for path, text in _texts(document):
            error = _trouble(templates, text)
            if error is not None:
                kept = wrong if error[0] else doubtful
                kept.append(_problem(source, (*at, *path), error[1], None))
    return wrong, doubtful


def _matching(pattern: Path) -> list[Path]:
    whole = pattern.absolute()
    return sorted(Path(whole.anchor).glob(str(whole.relative_to(whole.anchor))))


def _broken_files(document: Document) -> Iterator[tuple[Path_, str]]:
    for number, pattern in enumerate(document.templates):
        for file in _matching(pattern):
            try:
                NoticeTemplates([file])
            except TemplateError as error:
                yield ("templates", number), str(error)


def _texts(document: Document) -> Iterator[tuple[Path_, str]]:
    for number, receiver in enumerate(document.receivers):
        for kind, place, entry in receiver.entries():
            yield from _within(("receivers", number, f"{kind}{SUFFIX}", place), entry)


def _within(path: Path_, value: Any) -> Iterator[tuple[Path_, str]]:
    """The templates in an entry, and where they stand."""
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, str) and "{{" in value:
        yield path, value
    elif isinstance(value, BaseModel):
        fields = type(value).model_fields
        items = [(info.alias or name, getattr(value, name)) for name, info in fields.items()]
    elif isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    for key, part in items:
        yield from _within((*path, key), part)


def _trouble(templates: NoticeTemplates, text: str) -> tuple[bool, str] | None:
    """What is wrong with a text, and whether it is so for every notice."""
    try:
        templates.check(text)
    except TemplateError as error:
        return True, str(error)
    try:
        templates.expand(text, _EXAMPLE)
    except TemplateError as error:
        return bool(_ALWAYS.search(str(error))), f"with an example: {error}"
    return None


def _example() -> NoticeData:
    def alert(instance: str, ends_at: float) -> Alert:
        labels = {"alertname": "Example", "severity": "critical", "instance": instance}
        said = {"summary": "An example", "description": "An alert for trying templates"}
        return Alert(labels_of(labels), labels_of(said), 1e9, ends_at, 1e9)

    alerts = (alert("a:9100", 2e9), alert("b:9100", 1.1e9))
    group = labels_of({"alertname": "Example"})
    return NoticeData.of(Notice("example", "{}:{}", group, alerts, 1.2e9, "http://opsbook"))


_EXAMPLE = _example()


def _problem(source: Source, path: Path_, what: str, remedy: str | None) -> Problem:
    return Problem(source.mark(path), dotted(path), what, remedy)
