"""A file and a type → the filled type, or every problem with its place."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, RootModel, ValidationError

from opsbook.book.problems import BookError, Mark, Problem
from opsbook.book.source import AsWritten, Path_, Source, dotted, read_document, read_source
from opsbook.core.errors import BadInputError, hint_for
from opsbook.core.secrets import Secret

B = TypeVar("B", bound=BaseModel)


def load_book(
    file: Path,
    compose: Callable[[Mapping[str, Any]], type[B]],
    everything: Callable[[], type[B]],
    *rules: Callable[[B, Source], list[Problem]],
) -> B:
    """Read `file`, hold it against `compose(data)`, then against each rule.

    Every secret it refers to must exist. `everything` is the type with all kinds, for the
    names that an error can suggest. Raises BookError with all problems at once.
    """
    source = read_source(file)
    secrets: list[Secret] = []
    context = {"directory": file.resolve().parent, "secrets": secrets}
    try:
        book = compose(source.data).model_validate(source.data, context=context)
    except ValidationError as error:
        raise BookError(explain(error, source, everything())) from None
    problems = [problem for rule in rules for problem in rule(book, source)]
    problems += _missing_secrets(secrets, source)
    if problems:
        raise BookError(problems)
    return book


def load_document(
    file: Path, model: type[B], *rules: Callable[[B, Source], list[Problem]], **context: Any
) -> tuple[B, Source]:
    """Read a file of another program's making, such as Alertmanager's configuration.

    The filled model, and where each part of it stands. `context` is for the model's validators.
    Raises BookError with all problems at once.
    """
    source = read_document(file)
    context = {"directory": file.resolve().parent, **context}
    try:
        document = model.model_validate(source.data, context=context)
    except ValidationError as error:
        raise BookError(explain(error, source, model)) from None
    problems = [problem for rule in rules for problem in rule(document, source)]
    if problems:
        raise BookError(problems)
    return document, source


def explain(error: ValidationError, source: Source, model: type[BaseModel]) -> list[Problem]:
    """Pydantic's findings as problems with places."""
    return [_explain_one(found, source, model) for found in error.errors(include_url=False)]


def _explain_one(found: Any, source: Source, model: type[BaseModel]) -> Problem:
    path, value = _locate(tuple(found["loc"]), source.data)
    kind, allowed = found["type"], None
    if kind == "extra_forbidden":
        known = _known_keys(model, path[:-1])
        allowed = hint_for(str(path[-1]), sorted(known))
        mark = source.keys.get(path, source.mark(path))
        return Problem(mark, dotted(path), f"unknown key (got {path[-1]!r})", allowed)
    if kind == "missing":
        return Problem(source.mark(path), dotted(path), "is missing", "it is required")
    what, _, remedy = found["msg"].removeprefix("Value error, ").partition(": ")
    if kind in ("value_error", "one_kind"):
        allowed = remedy or None
        secret = what.startswith("not a secret")
    else:
        what, secret = found["msg"][0].lower() + found["msg"][1:], False
    got = "" if secret or isinstance(value, Mapping) else f" (got {_shown(value)})"
    return Problem(source.mark(path), dotted(path), what + got, allowed)


def _locate(loc: Path_, data: Any) -> tuple[Path_, Any]:
    """The path of an error in the book: pydantic's own, less its names for union members."""
    path: list[str | int] = []
    for index, part in enumerate(loc):
        if isinstance(data, Mapping):
            if part in data:
                data = data[part]
            elif index < len(loc) - 1:
                continue
            path.append(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            path.append(part)
            data = data[part]
    return tuple(path), data


def _known_keys(model: type[BaseModel], path: Path_) -> set[str]:
    """The keys allowed at `path`, walking through models, mappings and lists."""
    models: list[Any] = [model]
    for part in path:
        models = [below for each in models for below in _below(each, part)]
    return {
        info.alias or name
        for each in models
        if isinstance(each, type) and issubclass(each, BaseModel)
        for name, info in each.model_fields.items()
    }


def _below(annotation: Any, part: str | int) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        root = annotation.model_fields["root"].annotation
        return [below for member in _members(root) for below in _below(member, part)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, info in annotation.model_fields.items():
            if part in (name, info.alias):
                return _members(info.annotation)
        return []
    arguments = getattr(annotation, "__args__", ())
    return [member for argument in arguments for member in _members(argument)]


def _members(annotation: Any) -> list[Any]:
    """The parts of a union; anything else is itself."""
    if getattr(annotation, "__metadata__", None):
        return _members(annotation.__origin__)
    origin = getattr(annotation, "__origin__", None)
    arguments = getattr(annotation, "__args__", ())
    if arguments and origin not in (dict, list, tuple):
        return [member for argument in arguments for member in _members(argument)]
    return [annotation]


def _shown(value: Any) -> str:
    plain = not isinstance(value, str) or isinstance(value, AsWritten)
    text = str(value) if plain else repr(value)
    return text if len(text) <= 80 else text[:77] + "…"


def _missing_secrets(secrets: list[Secret], source: Source) -> list[Problem]:
    problems = []
    for secret in dict.fromkeys(secrets):
        try:
            secret.reveal()
        except BadInputError as error:
            mark, path = _where(secret, source)
            problems.append(Problem(mark, path, str(error)))
    return problems


def _where(secret: Secret, source: Source) -> tuple[Mark, str]:
    def search(data: Any, path: Path_) -> Path_ | None:
        if isinstance(data, Mapping):
            items: Any = data.items()
        elif isinstance(data, list):
            items = enumerate(data)
        else:
            scheme, _, rest = str(data).partition(":")
            expected = f"file:{source.file.resolve().parent / rest}" if scheme == "file" else data
            return path if secret.reference in (data, expected) else None
        for key, value in items:
            found = search(value, (*path, key))
            if found is not None:
                return found
        return None

    path = search(source.data, ()) or ()
    return source.mark(path), dotted(path)
