"""Heads → labels."""

import re

from opsbook.core.labels import NAME, Labels
from opsbook.metrics.exposition.canonical import canonical
from opsbook.metrics.exposition.heads import Head
from opsbook.probes.exposition import ExpositionError

_ESCAPED = re.compile(r'\\([\\n"])')
_ESCAPED_HELP = re.compile(r"\\([\\n])")


class Naming:
    """Turns heads into labels; equal texts of one scrape become one object."""

    def __init__(self) -> None:
        self._texts = _Texts()

    def labels(self, head: Head, bound: str | None) -> Labels:
        """`bound` is the label that holds a number. Raises ExpositionError."""
        texts = self._texts
        named = {NAME: texts[head.name]}
        for raw_name, raw_value in head.labels:
            name, value = texts[raw_name], texts[raw_value]
            if name in named:
                raise ExpositionError(f"label {name!r} stands there twice")
            named[name] = canonical(value) if name == bound else value
        if "" in named:
            raise ExpositionError("a label has no name")
        # Empty ones too: whose labels are honoured may leave one out on purpose.
        return tuple(sorted(named.items()))


class _Texts(dict[bytes, str]):
    """Texts as written → as meant."""

    def __missing__(self, raw: bytes) -> str:
        text = self[raw] = unescaped(raw)
        return text


def unescaped(raw: bytes) -> str:
    """Other escapes than the formats' three stand for themselves. Raises ExpositionError."""
    return _ESCAPED.sub(_meaning, decoded(raw)) if b"\\" in raw else decoded(raw)


def unescaped_help(raw: bytes) -> str:
    """The same of a help text in Prometheus' format, where quotes need no escape."""
    return _ESCAPED_HELP.sub(_meaning, decoded(raw))


def decoded(raw: bytes) -> str:
    """Raises ExpositionError."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        there = raw[max(error.start - 20, 0) : error.start + 20]
        raise ExpositionError(f"not UTF-8: {there!r}") from None


def _meaning(escape: re.Match[str]) -> str:
    return "\n" if escape[1] == "n" else escape[1]
