"""Results of steps, cut to what is kept of them."""

import json
from collections.abc import Mapping

from opsbook.durable.values import Json

MOST = 65_536
"""Bytes of JSON that are kept of a step's result."""
_ROOM = 1_000
"""For what says that something was cut."""


def bounded(result: Mapping[str, Json]) -> dict[str, Json]:
    """The result, with its largest fields cut where it is too large; `cut` names them."""
    kept = dict(result)
    cut: list[Json] = []
    while len(kept) > 1 or not cut:
        too_much = size(kept) - MOST
        if too_much <= 0:
            return kept
        name = max((each for each in kept if each not in cut), key=lambda each: size(kept[each]))
        cut.append(name)
        kept[name] = _cut(kept[name], too_much + _ROOM)
        kept["cut"] = list(cut)
    return kept


def size(value: Json) -> int:
    return len(json.dumps(value, ensure_ascii=False).encode())


def _cut(value: Json, too_much: int) -> Json:
    """The end of a text, which is where errors stand; of anything else only how long it was."""
    length = size(value)
    if not isinstance(value, str) or length <= too_much:
        return f"left out: {length} bytes"
    room = length - too_much
    end = json.dumps(value, ensure_ascii=False).encode()[-room:].decode(errors="ignore")
    while size(end) > room:
        end = end[len(end) // 8 + 1 :]
    return end.rstrip('"')
