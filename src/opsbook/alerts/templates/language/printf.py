"""`printf`: a format's verbs, each with its value (Go's `fmt.Sprintf`)."""

import re
from collections.abc import Sequence

from opsbook.alerts.templates.language.format import Spec, formatted
from opsbook.alerts.templates.language.limits import TextBuffer
from opsbook.alerts.templates.language.values import Value, type_name

_WIDEST = 1_000_000
_FLAGS = re.compile(r"[#0+\- ]*")
_INDEX = re.compile(r"\[([^\]]*)\]?")
_DIGITS = re.compile(r"[0-9]*")


def printf(pattern: str, values: Sequence[Value]) -> str:
    """What does not fit is named in the text, as in Go: `%!d(string=x)`, `%!d(MISSING)`."""
    return _Printf(pattern, values).text()


class _Printf:
    def __init__(self, pattern: str, values: Sequence[Value]) -> None:
        self._pattern = pattern
        self._values = values
        self._at = 0
        self._next = 0
        """Which value comes next."""
        self._reordered = False
        """Whether some verb chose its value by `[n]`."""
        self._good_index = True
        self._out = TextBuffer()

    def text(self) -> str:
        while (start := self._pattern.find("%", self._at)) >= 0:
            self._out.add(self._pattern[self._at : start])
            self._at = start + 1
            self._verb()
        self._out.add(self._pattern[self._at :])
        if not self._reordered and self._next < len(self._values):
            extra = self._values[self._next :]
            self._out.add(f"%!(EXTRA {', '.join(_typed(value) for value in extra)})")
        return str(self._out)

    def _verb(self) -> None:
        self._good_index = True
        flags = self._match(_FLAGS)
        indexed = self._index()
        width, indexed = self._number(indexed, "WIDTH")
        precision: int | None = None
        if self._pattern.startswith(".", self._at):
            self._at += 1
            self._good_index &= not indexed
            indexed = self._index()
            precision, indexed = self._number(indexed, "PREC")
            precision = precision or 0
        if not indexed:
            self._index()
        if self._at >= len(self._pattern):
            self._out.add("%!(NOVERB)")
            return
        minus = "-" in flags or (width or 0) < 0
        self._show(
            Spec(
                verb=self._pattern[self._at],
                plus="+" in flags,
                minus=minus,
                sharp="#" in flags,
                space=" " in flags,
                zero="0" in flags and not minus,
                width=abs(width or 0),
                precision=precision if precision is None or precision >= 0 else None,
            )
        )

    def _show(self, spec: Spec) -> None:
        self._at += 1
        if spec.verb == "%":
            self._out.add("%")
        elif not self._good_index:
            self._out.add(f"%!{spec.verb}(BADINDEX)")
        elif self._next >= len(self._values):
            self._out.add(f"%!{spec.verb}(MISSING)")
        else:
            self._next += 1
            self._out.add(formatted(self._values[self._next - 1], spec))

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._pattern, self._at)
        self._at = found.end() if found else self._at
        return found[0] if found else ""

    def _index(self) -> bool:
        """`[n]`: take the n-th value next. Whether there was one."""
        text = self._match(_INDEX)
        if not text:
            return False
        self._reordered = True
        digits = text[1:-1]
        good = digits.isascii() and digits.isdigit() and 1 <= int(digits[:9]) <= len(self._values)
        self._good_index &= good
        self._next = int(digits[:9]) - 1 if good else self._next
        return good

    def _number(self, indexed: bool, what: str) -> tuple[int | None, bool]:
        """A width or precision, written out or taken from the values as `*`."""
        if self._pattern.startswith("*", self._at):
            self._at += 1
            value = self._values[self._next] if self._next < len(self._values) else None
            self._next += self._next < len(self._values)
            if type(value) is int and abs(value) <= _WIDEST:
                return value, False
            self._out.add(f"%!(BAD{what})")
            return None, False
        digits = self._match(_DIGITS)
        if not digits:
            return None, indexed
        self._good_index &= not indexed
        if int(digits[:-1][:9] or "0") > _WIDEST:
            self._at = len(self._pattern)
            return None, indexed
        return int(digits), indexed


def _typed(value: Value) -> str:
    return "<nil>" if value is None else f"{type_name(value)}={formatted(value)}"
