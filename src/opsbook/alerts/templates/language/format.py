"""Values as text: Go's package `fmt`, for the values that templates have."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.language.floats import format_float
from opsbook.alerts.templates.language.limits import TextBuffer
from opsbook.alerts.templates.language.quoting import quoted
from opsbook.alerts.templates.language.values import (
    Named,
    Struct,
    Value,
    encoded,
    type_name,
)

_BASES = {"b": "b", "o": "o", "O": "o", "x": "x", "X": "X", "d": "d", "v": "d"}
_MARKS = {"b": "0b", "o": "0", "x": "0x", "X": "0X"}
_TEXTUAL = "vsxXq"
_LAST_CHARACTER = 0x10FFFF


@dataclass(frozen=True, slots=True)
class Spec:
    """One verb of a format with what stands between it and its `%`."""

    verb: str = "v"
    plus: bool = False
    minus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    width: int = 0
    precision: int | None = None

    @property
    def sign(self) -> str:
        """What stands before a number that is not negative; `%+v` asks for names of fields."""
        return "+" if self.plus and self.verb != "v" else " " if self.space else ""

    @property
    def bad(self) -> "Spec":
        """How the value is shown that the verb does not fit."""
        return replace(self, verb="v", plus=False, sharp=False)


_PLAIN = Spec()


def shown(value: Value) -> str:
    """As an action writes it: nothing is `<no value>`."""
    if value is None:
        return "<no value>"
    return value if type(value) is str else formatted(value, replace(_PLAIN, verb="v"), top=False)


def formatted(value: Value, spec: Spec = _PLAIN, *, top: bool = True) -> str:
    """`top`: a pointer is told from what it points to. Raises CallError if it grows too long."""
    out = TextBuffer()
    _Printer(out, spec).write(value, 0 if top else 1)
    return str(out)


def joined(values: Iterable[Value], *, always: bool) -> str:
    """Values with a blank between them: `always`, or only between two that are no texts."""
    out = TextBuffer()
    before: Value = ""
    for position, value in enumerate(values):
        plain = not isinstance(value, str) and not isinstance(before, str)
        if position and (always or plain):
            out.add(" ")
        out.add(formatted(value))
        before = value
    return str(out)


class _Printer:
    def __init__(self, out: TextBuffer, spec: Spec) -> None:
        self._out = out
        self._spec = spec
        self._failing = False
        """Whether a bad verb is being shown, which asks no value for its own text."""

    def write(self, value: Value, depth: int) -> None:
        verb = self._spec.verb
        if verb == "T":
            self._out.add(self._padded(type_name(value)))
        elif value is None:
            self._nothing(depth)
        elif isinstance(value, Named) and self._writes_itself(value):
            pass
        elif isinstance(value, bool):
            self._bool(value)
        elif isinstance(value, int):
            self._int(value)
        elif isinstance(value, float):
            self._float(value)
        elif isinstance(value, str):
            self._text(value)
        else:
            self._composite(value, depth)

    def _nothing(self, depth: int) -> None:
        if self._spec.verb == "v":
            self._out.add(self._padded("<nil>"))
        else:
            self._out.add(f"%!{self._spec.verb}(<nil>)")

    def _writes_itself(self, value: Named) -> bool:
        text = value.methods.get("String")
        if text is None or self._failing or self._spec.sharp or self._spec.verb not in _TEXTUAL:
            return False
        self._text(str(text(value)))
        return True

    def _composite(self, value: Value, depth: int) -> None:
        plus, sharp = self._spec.plus, self._spec.sharp and self._spec.verb == "v"
        between = ", " if sharp else " "
        name = type_name(value).lstrip("*")
        if isinstance(value, Struct):
            opening = "&" if value.pointer and depth == 0 else ""
            self._out.add(opening + (f"{name}{{" if sharp else "{"))
            for position, (key, item) in enumerate(value.fields.items()):
                self._out.add(between * bool(position) + f"{key}:" * (plus or sharp))
                self.write(item, depth + 1)
            self._out.add("}")
        elif isinstance(value, dict):
            self._out.add(f"{name}{{" if sharp else "map[")
            for position, (key, item) in enumerate(sorted(value.items())):
                self._out.add(between * bool(position))
                self.write(key, depth + 1)
                self._out.add(":")
                self.write(item, depth + 1)
            self._out.add("}" if sharp else "]")
        elif isinstance(value, list):
            self._out.add(f"{name}{{" if sharp else "[")
            for position, item in enumerate(value):
                self._out.add(between * bool(position))
                self.write(item, depth + 1)
            self._out.add("}" if sharp else "]")
        else:
            raise CallError(f"a {type(value).__name__} cannot be shown")

    def _bad(self, value: Value) -> None:
        spec, failing = self._spec, self._failing
        self._out.add(f"%!{spec.verb}({type_name(value)}=")
        self._spec, self._failing = spec.bad, True
        self.write(value, 1)
        self._spec, self._failing = spec, failing
        self._out.add(")")

    def _bool(self, value: bool) -> None:
        if self._spec.verb not in "vt":
            return self._bad(value)
        return self._out.add(self._padded("true" if value else "false"))

    # Numbers

    def _int(self, value: int) -> None:
        verb, spec = self._spec.verb, self._spec
        if verb in _BASES:
            return self._out.add(self._padded(self._digits(value), zero=False))
        if verb not in "cqU":
            return self._bad(value)
        code = value if 0 <= value <= _LAST_CHARACTER else 0xFFFD
        if verb == "U":
            mark = f" '{chr(code)}'" if spec.sharp and chr(code).isprintable() else ""
            return self._out.add(self._padded(f"U+{value:04X}{mark}", zero=False))
        text = chr(code) if verb == "c" else quoted(chr(code), "'", spec.plus)
        return self._out.add(self._padded(text, zero=False))

    def _digits(self, value: int) -> str:
        spec = self._spec
        if spec.precision == 0 and value == 0:
            return ""
        sign = "-" if value < 0 else spec.sign
        digits = format(abs(value), _BASES[spec.verb])
        if spec.precision is not None:
            digits = digits.rjust(spec.precision, "0")
        elif spec.zero:
            digits = digits.rjust(spec.width - len(sign), "0")
        if spec.verb == "O":
            return f"{sign}0o{digits}"
        if spec.sharp and spec.verb in _MARKS and not (spec.verb == "o" and digits[0] == "0"):
            return sign + _MARKS[spec.verb] + digits
        return sign + digits

    def _float(self, value: float) -> None:
        spec = self._spec
        kind = {"v": "g", "F": "f", "E": "e", "G": "g", "X": "x"}.get(spec.verb, spec.verb)
        if kind not in "efgx":
            return self._bad(value)
        precision = 6 if spec.precision is None and kind in "ef" else spec.precision
        text = format_float(abs(value) if value == value else value, kind, precision)
        finite = text[-1].isdigit()
        sign = "-" if str(value)[0] == "-" else spec.sign
        text = text.lstrip("+") if finite or sign else text
        if spec.zero and finite:
            text = text.rjust(spec.width - len(sign), "0")
        text = text.upper() if spec.verb in "EGX" and finite else text
        return self._out.add(self._padded(sign + text, zero=False))

    # Texts

    def _text(self, text: str) -> None:
        spec = self._spec
        if spec.verb in "xX":
            return self._out.add(self._padded(self._hexadecimal(text)))
        if spec.verb not in "vsq":
            return self._bad(text)
        text = text[: spec.precision] if spec.precision is not None else text
        if spec.verb == "q" or (spec.sharp and spec.verb == "v"):
            raw = spec.verb == "q" and spec.sharp and _fits_backquotes(text)
            text = f"`{text}`" if raw else quoted(text, ascii_only=spec.plus)
        return self._out.add(self._padded(text))

    def _hexadecimal(self, text: str) -> str:
        data = encoded(text)[: self._spec.precision]
        mark = "0x" if self._spec.sharp and data else ""
        digits = mark + (data.hex(" ").replace(" ", f" {mark}") if self._spec.space else data.hex())
        return digits.upper() if self._spec.verb == "X" else digits

    def _padded(self, text: str, *, zero: bool = True) -> str:
        if self._spec.minus:
            return text.ljust(self._spec.width)
        return text.rjust(self._spec.width, "0" if zero and self._spec.zero else " ")


def _fits_backquotes(text: str) -> bool:
    return "`" not in text and all(each.isprintable() or each == "\t" for each in text)
