"""Prometheus' rule files, as they are → groups, or every problem with its place."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from opsbook.book.load import explain
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import AsWritten, Path_, Source, read_document
from opsbook.metrics.rules.check import (
    RuleCheck,
    label_problems,
    name_problems,
    remarks,
    rule_problems,
)
from opsbook.metrics.rules.spec import RuleFile, RuleSpec

_TEXTS = ("labels", "annotations")


def read_rules(file: Path, *further: RuleCheck) -> RuleFile:
    """Raises BookError with all problems at once, those of `further` checks among them."""
    return _read(file, further)[0]


def remarks_on(file: Path) -> list[Problem]:
    """What Prometheus takes in a file and can hardly be meant. Raises BookError."""
    found, source = _read(file, ())
    return remarks(found.groups, ("groups",), source)


def _read(file: Path, further: tuple[RuleCheck, ...]) -> tuple[RuleFile, Source]:
    if _is_empty(file):
        return RuleFile(), Source(file)  # Prometheus takes an empty file, ours is no reader of it
    source = read_document(file)
    source.data = _without_nulls(source.data, ())
    problems: list[Problem] = []
    found = RuleFile()
    try:
        found = RuleFile.model_validate(source.data)
    except ValidationError as error:
        problems += explain(error, source, RuleFile)
    problems += _contents(source, further)
    if problems:
        raise BookError(problems)
    return found, source


def _is_empty(file: Path) -> bool:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False  # told by the reader of documents, which finds it so too
    return not any(line.strip() and not line.lstrip().startswith("#") for line in lines)


def _contents(source: Source, further: tuple[RuleCheck, ...]) -> list[Problem]:
    """Problems of what is well-formed, also beside what is not."""
    groups = list(_entries(source.data, "groups", ()))
    names = [group.get("name", "") for _, group in groups]
    problems = name_problems([name for name in names if isinstance(name, str)], ("groups",), source)
    for path, group in groups:
        labels = group.get("labels")
        if isinstance(labels, dict):
            problems += label_problems(labels, (*path, "labels"), source)
        for at, entry in _entries(group, "rules", path):
            try:
                rule = RuleSpec.model_validate(entry)
            except ValidationError:
                continue
            for check in (rule_problems, *further):
                problems += check(rule, at, source)
    return problems


def _entries(data: Any, key: str, path: Path_) -> Iterator[tuple[Path_, Mapping[str, Any]]]:
    listed = data.get(key) if isinstance(data, Mapping) else None
    for index, entry in enumerate(listed if isinstance(listed, list) else ()):
        yield (*path, key, index), entry if isinstance(entry, Mapping) else {}


def _without_nulls(value: Any, path: Path_) -> Any:
    """What is null is as good as not there; in a list and among labels it is empty."""
    if isinstance(value, Mapping):
        empty = "" if path and path[-1] in _TEXTS else None
        found = {
            key: empty if each is None else _without_nulls(each, (*path, key))
            for key, each in value.items()
        }
        return {key: each for key, each in found.items() if each is not None}
    if isinstance(value, list):
        return [
            {} if each is None else _without_nulls(each, (*path, index))
            for index, each in enumerate(value)
        ]
    if isinstance(value, AsWritten) and len(path) == 3 and path[-1] == "limit":
        return value.value
    return value
