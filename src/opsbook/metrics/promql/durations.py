"""Duration expressions: `[2 * 5m]`, `offset -(step() / 2)`.

Prometheus' grammar: `^` binds tighter than a sign, a sign as tight as `*`, then `+` and `-`;
after `offset` an operator ends the duration unless it stands in parentheses.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from opsbook.metrics.promql.errors import bad_query
from opsbook.metrics.promql.tokens import Token, place

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, "y": 31_536_000}


@dataclass(frozen=True, slots=True)
class Span:
    """What `step()` and `range()` mean in one query, in seconds."""

    step: float
    range: float


Seconds = Callable[[Span], float]


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time that may depend on the query it stands in."""

    seconds: Seconds
    positive: bool

    def milliseconds(self, span: Span) -> int:
        """Raises QueryError where the length makes no sense."""
        seconds = self.seconds(span)
        if not math.isfinite(seconds) or abs(seconds) > 9.2e9:
            raise bad_query("duration is out of range")
        if self.positive and seconds <= 0:
            raise bad_query("duration must be greater than 0")
        # the tenth of a microsecond undoes 0.007 * 1000 = 7.000…1 and its like
        return int(round(seconds * 1000, 4))


def literal_seconds(text: str) -> float:
    """A number in any of its notations, or `1h30m`."""
    if re.fullmatch(r"(?:\d+(?:ms|[smhdwy]))+", text):
        parts = re.findall(r"(\d+)(ms|[smhdwy])", text)
        return math.fsum(int(number) * _UNITS[unit] for number, unit in parts)
    return float(int(text, 16)) if text[:2] in ("0x", "0X") else float(text)


class DurationParser:
    """Reads one duration from tokens, beginning at `at`, and stops behind it."""

    def __init__(self, text: str, tokens: list[Token], at: int) -> None:
        self.at = at
        self._text = text
        self._tokens = tokens

    def expression(self) -> Seconds:
        return self._sum()

    def offset(self) -> Seconds:
        """A single term with an optional sign."""
        if self._take("+", "-"):
            negative = self._previous() == "-"
            term = self._term()
            return _negated(term) if negative else term
        return self._term()

    def _sum(self) -> Seconds:
        left = self._product()
        while self._take("+", "-"):
            left = _arithmetic(self._previous(), left, self._product())
        return left

    def _product(self) -> Seconds:
        left = self._signed()
        while self._take("*", "/", "%"):
            left = _arithmetic(self._previous(), left, self._signed())
        return left

    def _signed(self) -> Seconds:
        if self._take("+", "-"):
            negative = self._previous() == "-"
            value = self._signed()
            return _negated(value) if negative else value
        return self._power()

    def _power(self) -> Seconds:
        base = self._term()
        if self._take("^"):
            return _arithmetic("^", base, self._signed())
        return base

    def _term(self) -> Seconds:
        token = self._tokens[self.at] if self.at < len(self._tokens) else None
        if token is None:
            raise self._unexpected()
        self.at += 1
        if token.kind in ("number", "duration"):
            value = literal_seconds(token.text)
            return lambda _: value
        if token.text == "(":
            inner = self._sum()
            self._expect(")")
            return inner
        return self._function(token)

    def _function(self, token: Token) -> Seconds:
        name = token.text.lower()
        if name in ("step", "range"):
            self._expect("(")
            self._expect(")")
            return (lambda span: span.step) if name == "step" else (lambda span: span.range)
        if name in ("min", "min_of", "max", "max_of"):
            self._expect("(")
            first = self._sum()
            self._expect(",")
            second = self._sum()
            self._expect(")")
            choose = min if name.startswith("min") else max
            return lambda span: choose(first(span), second(span))
        self.at -= 1
        raise self._unexpected()

    def _take(self, *signs: str) -> bool:
        if self.at < len(self._tokens) and self._tokens[self.at].text in signs:
            self.at += 1
            return True
        return False

    def _previous(self) -> str:
        return self._tokens[self.at - 1].text

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise self._unexpected()

    def _unexpected(self) -> Exception:
        here = self._tokens[self.at] if self.at < len(self._tokens) else None
        where = place(self._text, here.start if here else len(self._text))
        what = f'unexpected "{here.text}"' if here else "unexpected end of input"
        return bad_query(f"{where}: parse error: {what} in duration expression")


def _negated(value: Seconds) -> Seconds:
    return lambda span: -value(span)


def _arithmetic(sign: str, left: Seconds, right: Seconds) -> Seconds:
    return lambda span: _calculate(sign, left(span), right(span))


def _calculate(sign: str, left: float, right: float) -> float:
    try:
        match sign:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case "/":
                return left / right
            case "%":
                return math.fmod(left, right)
            case _:
                return math.pow(left, right)
    except ZeroDivisionError:
        raise bad_query("division by zero") from None
    except ValueError:
        raise bad_query("modulo by zero" if sign == "%" else "duration is out of range") from None
    except OverflowError:
        raise bad_query("duration is out of range") from None
