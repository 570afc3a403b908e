"""Prometheus' text format, 0.0.4 and 1.0.0 (which adds names in quotes): as Prometheus 3 reads it.

https://github.com/prometheus/docs, "Exposition formats". What its parser takes beyond that is
taken too: no commas between labels, line feeds within quotes, no blank before a value that
begins with a sign or a point. Two things are not: it ends silently at a NUL between lines, and
makes blanks before a name part of the name.
"""

import re
from collections.abc import Sequence

from opsbook.metrics.exposition.format import Format, Note
from opsbook.metrics.exposition.heads import NAME, Head, Heads, unexpected
from opsbook.metrics.exposition.numbers import number
from opsbook.metrics.exposition.series import decoded, unescaped, unescaped_help
from opsbook.probes.exposition import ExpositionError

_BLANKS = b" \t"
_QUOTED = rb'(?:[^"\\\x00]++|\\[^\n\x00])*+'
_HEADS = Heads(blank=rb"[ \t]*+", string=rb'(?:[^"\\]++|\\[^\n])*+', quoted=_QUOTED, comma=False)
_NOTE = re.compile(
    rb'[ \t]*+#[ \t]++(HELP|TYPE)[ \t]++(?:(%b)|"(%b)")?(?:[ \t]*+$|.)?(.*+)' % (NAME, _QUOTED),
    re.DOTALL,
)
_TAIL = re.compile(rb"[ \t]*+([^{ \t]++)[ \t]*+(?:([0-9]++)[ \t]*+)?")
_TYPES = {
    b"counter": "counter",
    b"gauge": "gauge",
    b"histogram": "histogram",
    b"summary": "summary",
    b"untyped": "unknown",
}
_MOST_TIME = 2**63 - 1


class Text(Format):
    def check_end(self, lines: Sequence[bytes]) -> None:
        """It may end anywhere."""

    def is_comment(self, line: bytes) -> bool:
        line = line.lstrip(_BLANKS)
        return not line or line.startswith(b"#")

    def note(self, line: bytes) -> Note | None:
        found = _NOTE.fullmatch(line)
        if found is None:
            return None
        word, plain, quoted, text = found.groups()
        if plain is None and quoted is None:
            raise unexpected(line, found.end(1), f"expected a metric's name after {word.decode()}")
        family = unescaped(quoted) if plain is None else decoded(plain)
        if word == b"HELP":
            return Note(family, "help", unescaped_help(text))
        if text not in _TYPES:
            known = ", ".join(map(bytes.decode, _TYPES))
            raise unexpected(text, 0, f"expected a type ({known}) and nothing after it")
        return Note(family, "type", _TYPES[text])

    def head(self, body: bytes, start: int) -> Head:
        return _HEADS.read(body, start)

    def tail(self, tail: bytes) -> tuple[float, int | None]:
        found = _TAIL.fullmatch(tail)
        if found is None:
            raise _malformed(tail)
        try:
            value = number(found[1])
        except ValueError:
            raise unexpected(found[1], 0, "expected a number") from None
        return value, None if found[2] is None else self.time(found[2])

    def time(self, token: bytes) -> int:
        digits = token.lstrip(b"0")
        # Longer than that no int64 is; and Python refuses to read thousands of digits.
        if token.isdigit() and len(digits) <= 19 and int(digits or b"0") <= _MOST_TIME:
            return int(digits or b"0")
        raise unexpected(token, 0, "expected a timestamp in whole milliseconds")

    def plain(self, tails: list[bytes]) -> list[bytes]:
        return tails


def _malformed(tail: bytes) -> ExpositionError:
    words = tail.split()
    if not words:
        return ExpositionError("the value is missing")
    if b"#" in words[1:]:
        return ExpositionError(
            "an exemplar stands there; that needs the content type application/openmetrics-text"
        )
    wanted = "expected a timestamp in whole milliseconds" if len(words) == 2 else "expected a value"
    return unexpected(tail, 0, f"{wanted} and nothing after it")
