"""OpenMetrics 1.0, as Prometheus 3 reads it, with names in quotes.

https://github.com/prometheus/OpenMetrics, specification/OpenMetrics.md. Exemplars are checked
and left out. `_created` series are series like others. What families hold, and in which order,
is not checked: Prometheus does not either, and a target that it reads should be read here.
"""

import math
import re
from collections.abc import Sequence

from opsbook.metrics.exposition.format import Format, Note
from opsbook.metrics.exposition.heads import LABEL, NAME, Head, Heads, unexpected
from opsbook.metrics.exposition.numbers import number
from opsbook.metrics.exposition.series import decoded, unescaped
from opsbook.probes.exposition import ExpositionError

_QUOTED = rb'(?:[^"\\\n\x00]++|\\[^\n\x00])*+'
_HEADS = Heads(blank=b"", string=rb'(?:[^"\\\n]++|\\[^\n])*+', quoted=_QUOTED, comma=True)
_NOTE = re.compile(rb'# (HELP|TYPE|UNIT) (?:(%b)|"(%b)")(?: (.*+))?' % (NAME, _QUOTED), re.DOTALL)
_TAIL = re.compile(rb"([^ ]++)(?: ([^ ]++))?")
_EXEMPLAR_LABEL = rb'(?:%b|"%b")="%b"' % (LABEL, _QUOTED, _QUOTED)
_EXEMPLAR = re.compile(
    rb"(?:%b(?:,%b)*+,?)?\} ([^ ]++)(?: ([^ ]++))?" % (_EXEMPLAR_LABEL, _EXEMPLAR_LABEL)
)
_TYPES = (
    "counter",
    "gauge",
    "histogram",
    "gaugehistogram",
    "summary",
    "info",
    "stateset",
    "unknown",
)
_END = b"# EOF"
_LEAST_TOO_GREAT = 2.0**63


class OpenMetrics(Format):
    def check_end(self, lines: Sequence[bytes]) -> None:
        if not lines or lines[-1] != _END:
            raise ExpositionError(
                f"line {max(len(lines), 1)}: the last line has to be `# EOF`: this was cut off, "
                "or is not OpenMetrics whatever its content type says"
            )
        end = lines.index(_END)
        if end < len(lines) - 1:
            raise ExpositionError(f"line {end + 2}: something comes after `# EOF`")

    def is_comment(self, line: bytes) -> bool:
        return line.startswith(b"#")

    def note(self, line: bytes) -> Note | None:
        if line == _END:
            return None
        found = _NOTE.fullmatch(line)
        if found is None:
            raise unexpected(line, 0, "expected `# HELP`, `# TYPE`, `# UNIT` and a name")
        word, plain, quoted, text = found.groups()
        if text is None:
            raise ExpositionError(f"there is no text after the name in {word.decode()}")
        family = unescaped(quoted) if plain is None else decoded(plain)
        if word == b"HELP":
            return Note(family, "help", unescaped(text))
        return _unit(family, text) if word == b"UNIT" else _type(family, text)

    def head(self, body: bytes, start: int) -> Head:
        head = _HEADS.read(body, start)
        if not body.startswith(b" ", head.end):
            raise unexpected(body, head.end, "expected one blank and a value")
        return Head(head.name, head.labels, head.end + 1)

    def tail(self, tail: bytes) -> tuple[float, int | None]:
        [tail] = self.plain([tail])
        found = _TAIL.fullmatch(tail)
        if found is None:
            wanted = "expected a value, perhaps a timestamp, perhaps an exemplar, one blank apart"
            raise unexpected(tail, 0, wanted)
        value, time = _number(found[1], "a number"), found[2]
        return value, None if time is None else self.time(time)

    def time(self, token: bytes) -> int:
        seconds = _number(token, "a timestamp in seconds")
        if not abs(seconds * 1000) < _LEAST_TOO_GREAT:
            raise unexpected(token, 0, "expected a timestamp in seconds")
        return round(seconds * 1000)

    def plain(self, tails: list[bytes]) -> list[bytes]:
        return [_without_exemplar(tail) if b"#" in tail else tail for tail in tails]


def _type(family: str, text: bytes) -> Note:
    name = text.decode(errors="replace")
    if name in _TYPES:
        return Note(family, "type", name)
    remedy = "; `untyped` is `unknown` in OpenMetrics" if name == "untyped" else ""
    raise unexpected(text, 0, f"expected a type ({', '.join(_TYPES)}){remedy}")


def _unit(family: str, text: bytes) -> Note:
    unit = decoded(text)
    if unit and not family.endswith(f"_{unit}"):
        raise ExpositionError(f"the name {family!r} has to end with its unit, `_{unit}`")
    return Note(family, "unit", unit)


def _without_exemplar(tail: bytes) -> bytes:
    sample, mark, exemplar = tail.partition(b" # {")
    if mark:
        found = _EXEMPLAR.fullmatch(decoded(exemplar).encode())
        if found is None:
            raise unexpected(exemplar, 0, "expected an exemplar: labels in braces and a value")
        _number(found[1], "an exemplar's value")
        if found[2] and not math.isfinite(_number(found[2], "an exemplar's timestamp")):
            raise unexpected(found[2], 0, "expected an exemplar's timestamp")
    return sample


def _number(token: bytes, what: str) -> float:
    try:
        return number(token)
    except ValueError:
        raise unexpected(token, 0, f"expected {what}") from None
