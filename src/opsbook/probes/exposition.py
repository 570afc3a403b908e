"""Lines of the formats in which programs expose metrics → samples.

Prometheus text format 0.0.4 and 1.0.0 (with quoted UTF-8 names) and OpenMetrics 1.0, of which
this reads samples: timestamps and exemplars are checked and left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field


class ExpositionError(ValueError):
    """The text is in none of the formats; says what stands there instead."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series."""

    name: str
    labels: dict[str, str] = field(default_factory=dict)
    value: float = 0.0

    @property
    def series(self) -> str:
        """Name and labels as the formats write them."""
        plain = _NAME.fullmatch(self.name)
        parts = [] if plain else [_quoted(self.name)]
        for label, value in self.labels.items():
            written = label if _LABEL_NAME.fullmatch(label) else _quoted(label)
            parts.append(f"{written}={_quoted(value)}")
        return (self.name if plain else "") + ("{" + ",".join(parts) + "}" if parts else "")


_BLANKS = " \t"
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_TEXT = r'"((?:[^"\\\n]|\\.)*)"'
_PART = re.compile(
    rf"[ \t]*(?:({_LABEL_NAME.pattern})|{_TEXT})[ \t]*(?:=[ \t]*{_TEXT}[ \t]*)?(,|(?=}}))"
)
"""A label with its value, or in quotes alone the name of the metric."""
_NUMBER = r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?i:inf(?:inity)?|nan))"
_VALUES = re.compile(rf"[ \t]*({_NUMBER})(?:[ \t]+{_NUMBER})?[ \t]*", re.ASCII)
"""A value and perhaps its timestamp."""
_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", '"': '"', "\\": "\\"}


def parse(text: str) -> Iterator[Sample]:
    """The samples in an exposition. Raises ExpositionError with the number of the line."""
    # Only a line feed ends a line: a label's value may hold what splitlines() takes for ends.
    for number, line in enumerate(text.split("\n"), 1):
        try:
            sample = parse_line(line)
        except ExpositionError as error:
            raise ExpositionError(f"line {number}: {error}") from None
        if sample is not None:
            yield sample


def parse_line(line: str) -> Sample | None:
    """The sample on a line; None for a comment or an empty line. Raises ExpositionError."""
    line = line.strip(_BLANKS + "\r")
    if not line or line.startswith("#"):
        return None
    found = _NAME.match(line)
    name, rest = (found[0], line[found.end() :].lstrip(_BLANKS)) if found else (None, line)
    labels: dict[str, str] = {}
    if rest.startswith("{"):
        quoted, labels, rest = _parse_braces(rest)
        if name and quoted:
            raise ExpositionError(f"two names, {name!r} and {quoted!r}")
        name = name or quoted
    elif found and rest and line[found.end()] not in _BLANKS:
        raise _unexpected(rest)
    if not name:
        raise _unexpected(line)
    return Sample(name, labels, _parse_value(rest))


def _parse_braces(text: str) -> tuple[str | None, dict[str, str], str]:
    """What stands between braces: the metric's name if it is there, labels; and the rest."""
    name, labels, position = None, {}, 1
    while (part := _PART.match(text, position)) is not None:
        plain, quoted, value, _ = part.groups()
        if value is not None:
            labels[plain or _unescape(quoted)] = _unescape(value)
        elif quoted is not None and name is None and not labels:
            name = _unescape(quoted)
        else:
            break
        position = part.end()
    rest = text[position:].lstrip(_BLANKS)
    if not rest.startswith("}"):
        raise _unexpected(rest)
    return name, labels, rest[1:]


def _parse_value(text: str) -> float:
    value = _VALUES.match(text)
    if value is None:
        raise _unexpected(text)
    rest = text[value.end() :]
    if rest.startswith("#"):
        _check_exemplar(rest[1:].lstrip(_BLANKS))
    elif rest:
        raise _unexpected(rest)
    return float(value[1])


def _check_exemplar(text: str) -> None:
    if not text.startswith("{"):
        raise _unexpected(text)
    rest = _parse_braces(text)[2]
    if not _VALUES.fullmatch(rest):
        raise _unexpected(rest)


def _unescape(text: str) -> str:
    # An escape that is none stands for itself, as Prometheus reads it.
    return (
        _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[0]), text) if "\\" in text else text
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
    return f'"{escaped}"'


def _unexpected(text: str) -> ExpositionError:
    return ExpositionError(f"unexpected {text[:40]!r}" if text else "the line ends too soon")
