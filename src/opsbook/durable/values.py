"""What may be kept in the database of runs: plain JSON without secrets."""

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from opsbook.core.secrets import mask

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""As it is written; what is read back consists of lists and dictionaries."""


class NotPlainError(TypeError):
    """Something else than JSON was to be kept."""


def plain(value: object) -> Json:
    """The value as it will be read back: lists for tuples, secrets masked.

    A step gives this back the first time as well, so that a run that was killed cannot see
    other types than one that was not. Raises NotPlainError with the place of what is no JSON.
    """
    return _plain(value, "the value")


def _plain(value: object, place: str) -> Json:
    if isinstance(value, str):
        return mask(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise NotPlainError(f"{place} is {value}, which JSON does not know")
    if isinstance(value, Mapping):
        return {_key(key, place): _plain(each, f"{place}[{key!r}]") for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each, f"{place}[{index}]") for index, each in enumerate(value)]
    raise NotPlainError(f"{place} is of type {type(value).__name__}, which is no JSON")


def _key(key: object, place: str) -> str:
    if isinstance(key, str):
        return mask(key)
    raise NotPlainError(f"{place} has the key {key!r}; JSON knows only text as keys")
