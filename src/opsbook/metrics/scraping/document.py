"""Files written for Prometheus → models, or every problem with its place.

Prometheus reads `1.10` as text where text belongs; so does this, by looking up how what our
reader takes for a number or a boolean is written.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from opsbook.book.load import explain
from opsbook.book.problems import BookError, Mark, Problem
from opsbook.book.source import Path_, Source, read_document
from opsbook.metrics.scraping.notation import AsWritten

B = TypeVar("B", bound=BaseModel)

_LINE_END = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_SCALAR = re.compile(r"(?:[&!]\S*\s+)*([-+.\w]+)")
"""Behind its anchor or tag."""


def load_prometheus(
    file: Path, model: type[B], *rules: Callable[[B, Source], list[Problem]]
) -> tuple[B, Source]:
    """The filled model, and where each part of it stands. Secrets are taken as they are.

    Raises BookError with all problems at once.
    """
    source = _read(file)
    context = {"directory": file.resolve().parent, "plain_secrets": True}
    try:
        document = model.model_validate(_as_written(source), context=context)
    except ValidationError as error:
        raise BookError(explain(error, source, model)) from None
    problems = [problem for rule in rules for problem in rule(document, source)]
    if problems:
        raise BookError(problems)
    return document, source


def _read(file: Path) -> Source:
    try:
        return read_document(file)
    except RecursionError:
        what, remedy = "too many levels within each other", "write them out"
        raise BookError([Problem(Mark(file, 1, 1), "", what, remedy)]) from None
    except (ValueError, OverflowError) as error:  # the reader's, of characters that do not exist
        raise BookError([Problem(Mark(file, 1, 1), "", f"not YAML: {error}")]) from None


def _as_written(source: Source) -> Any:
    lines = _lines(source)

    def copy(data: Any, path: Path_) -> Any:
        if isinstance(data, Mapping):
            return {key: copy(value, (*path, key)) for key, value in data.items()}
        if isinstance(data, list):
            return [copy(value, (*path, index)) for index, value in enumerate(data)]
        if data is None or isinstance(data, str):
            return data
        mark = source.values[path]
        line = lines[mark.line - 1] if mark.line <= len(lines) else ""
        found = _SCALAR.match(line, mark.column - 1)
        return AsWritten(found[1] if found else str(data), data)

    return copy(source.data, ())


def _lines(source: Source) -> list[str]:
    try:
        return _LINE_END.split(source.file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError):  # it was readable a moment ago
        return []
