"""What entries of receivers take from `global` where they say nothing."""

from collections.abc import Mapping
from typing import Any

from opsbook.alerts.notifier import Notifier

Kinds = Mapping[str, type[Notifier]]
"""Kinds of entries, by their keys without `_configs`."""

SUFFIX = "_configs"
_NOTHING = (None, "")


def inherited(data: Any, kinds: Kinds) -> Any:
    """A configuration as it was read, with its entries complete."""
    match data:
        case {"receivers": list() as receivers}:
            common = data.get("global")
            known = common if isinstance(common, Mapping) else {}
            return {**data, "receivers": [_receiver(each, known, kinds) for each in receivers]}
    return data


def inherited_keys(kind: type[Notifier]) -> dict[str, str]:
    """Keys of an entry → keys of `global`."""
    fields = kind.model_fields
    return {fields[name].alias or name: key for name, key in kind.inherits.items()}


def _receiver(receiver: Any, common: Mapping[str, Any], kinds: Kinds) -> Any:
    if not isinstance(receiver, Mapping):
        return receiver
    return {
        key: [_entry(entry, common, kind) for entry in value]
        if isinstance(value, list) and (kind := kinds.get(key.removesuffix(SUFFIX)))
        else value
        for key, value in receiver.items()
    }


def _entry(entry: Any, common: Mapping[str, Any], kind: type[Notifier]) -> Any:
    if not isinstance(entry, Mapping):
        return entry
    keys = {info.alias or name for name, info in kind.model_fields.items()}
    own = {key: value for key, value in entry.items() if value is not None or key not in keys}
    said = {_stem(key) for key, value in own.items() if value not in _NOTHING}
    taken = {
        name: common[key]
        for name, key in inherited_keys(kind).items()
        if _stem(name) not in said and common.get(key) not in _NOTHING
    }
    return {**own, **taken}


def _stem(name: str) -> str:
    """The same for what a key holds and for the file that holds it."""
    return name.removesuffix("_file")
