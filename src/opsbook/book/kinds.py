"""Sections in which one key names the kind of a plug-in: `http: {url: …}`."""

from collections.abc import Iterable, Mapping
from typing import Any, Optional, TypeVar, cast

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from opsbook.book.model import Section
from opsbook.core.registry import Registry

S = TypeVar("S", bound=Section)


def kinds_used(entries: Any, registry: Registry[Any]) -> set[str]:
    """Which kinds the raw entries of a section name; what is no kind is found later."""
    known = set(registry.names())
    if not isinstance(entries, Mapping):
        return set()
    return {
        key for entry in entries.values() if isinstance(entry, Mapping) for key in entry
    } & known


def with_kinds(base: type[S], registry: Registry[Any], kinds: Iterable[str], noun: str) -> type[S]:
    """`base` with one optional key per kind, of which an entry needs exactly one.

    `base` reads the one that was given through `plugged(self)`.
    """
    loaded = {kind: registry.load(kind) for kind in sorted(kinds)}
    known = registry.names()

    def one_kind(cls: type[S], data: Any, handler: ModelWrapValidatorHandler[S]) -> S:
        trouble = _not_one(data, known, set(cls.model_fields), noun)
        if trouble is None:
            return handler(data)
        missing = PydanticCustomError("one_kind", cast("Any", trouble))
        found = [InitErrorDetails(type=missing, input=data)]
        try:
            handler(data)
        except ValidationError as error:
            # Told together with what else is wrong: a person mends all of it at once.
            found += [_again(each) for each in error.errors(include_url=False)]
        raise ValidationError.from_exception_data(cls.__name__, found)

    # Typed for methods of a class body; this one has no class before it is given to one.
    validator: Any = model_validator(mode="wrap")(cast("Any", classmethod(one_kind)))
    fields: dict[str, Any] = {
        kind.replace("-", "_"): (
            Optional[cls],  # noqa: UP045 - a class known only at run time
            Field(default=None, alias=kind, description=_first_line(cls.__doc__)),
        )
        for kind, cls in loaded.items()
    }
    return create_model(
        base.__name__,
        __base__=base,
        __module__=base.__module__,
        __doc__=base.__doc__,
        __validators__={"one_kind": validator},
        **fields,
    )


def plugged(section: Section, base: type[Any]) -> tuple[str, Any]:
    """The kind that an entry names, and its settings."""
    for name, info in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, base):
            return info.alias or name, value
    raise LookupError(f"{type(section).__name__} has no {base.__name__}")


def _not_one(data: Any, known: list[str], fields: set[str], noun: str) -> str | None:
    """What is wrong with the number of kinds in an entry, if anything is."""
    if not isinstance(data, Mapping):
        return None
    given = [kind for kind in known if kind in data]
    if not given and not set(data) - fields:
        return f"no {noun} named: give one of {', '.join(known)}"
    if len(given) > 1:
        return f"more than one {noun} ({' and '.join(given)}): keep one"
    return None


def _again(error: ErrorDetails) -> InitErrorDetails:
    """An error as pydantic wants it given back."""
    again = InitErrorDetails(type=error["type"], loc=error["loc"], input=error["input"])
    if "ctx" in error:
        again["ctx"] = error["ctx"]
    return again


def _first_line(doc: str | None) -> str:
    return (doc or "").strip().splitlines()[0] if doc else ""
