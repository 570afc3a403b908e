"""Heads of lines: which series a line is about, which is all that stands before its value."""

import re
from typing import NamedTuple

from opsbook.probes.exposition import ExpositionError

NAME = rb"[a-zA-Z_:][a-zA-Z0-9_:]*+"
LABEL = rb"[a-zA-Z_][a-zA-Z0-9_]*+"


class Head(NamedTuple):
    """Names and values are as written, escapes and all."""

    name: bytes
    labels: list[tuple[bytes, bytes]]
    end: int
    """Where in the body the value begins."""


class Heads:
    """Reads heads in the manner of one format.

    `blank` may stand between any two parts; `string` is what stands between the quotes of a
    label's value, and `quoted` the same of a name; `comma` has to stand between labels, or may.
    """

    def __init__(self, *, blank: bytes, string: bytes, quoted: bytes, comma: bool) -> None:
        self._comma = comma
        self._start = re.compile(rb"%b(%b)?%b(\{)?" % (blank, NAME, blank))
        self._label = re.compile(
            rb'%b(?:(%b)|"(%b)")%b(?:=%b"(%b)"%b)?(,)?'
            % (blank, LABEL, quoted, blank, blank, string, blank)
        )
        self._end = re.compile(rb"%b(\})%b" % (blank, blank))

    def read(self, body: bytes, start: int) -> Head:
        """The head that begins at `start`. Raises ExpositionError."""
        found = self._start.match(body, start)
        if found is None or not (found[1] or found[2]):
            raise unexpected(body, start, "expected a metric's name")
        if not found[2]:
            return Head(found[1], [], found.end())
        return self._read_braces(body, found.end(), found[1])

    def _read_braces(self, body: bytes, position: int, name: bytes | None) -> Head:
        labels: list[tuple[bytes, bytes]] = []
        while (part := self._label.match(body, position)) is not None:
            plain, quoted, value, comma = part.groups()
            position = part.end()
            if value is not None:
                labels.append((quoted if plain is None else plain, value))
            elif quoted is None or not (comma or self._end.match(body, position)):
                raise unexpected(body, position, "expected `=` and a label's value in quotes")
            elif name is not None:
                raise ExpositionError("the metric is named twice")
            else:
                name = quoted
            if not comma and self._comma:
                break
        end = self._end.match(body, position)
        if end is None:
            raise unexpected(body, position, "expected a label or `}`")
        if not name:
            raise ExpositionError("the metric has no name")
        return Head(name, labels, end.end())


def unexpected(body: bytes, position: int, wanted: str) -> ExpositionError:
    """Says what stands at a place instead of what is wanted there."""
    line = body[position : position + 40].partition(b"\n")[0]
    there = repr(line.decode(errors="replace")) if line else "the line ends"
    return ExpositionError(f"{wanted}, but {'there is ' if line else ''}{there}")
