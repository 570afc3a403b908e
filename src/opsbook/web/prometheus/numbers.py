"""Numbers and times as Prometheus writes them into JSON, one by one and by the thousand."""

import math

import numpy as np
from pydantic import TypeAdapter

from opsbook.metrics.model import Times, Values
from opsbook.metrics.promql.numbers import plain

_FLOATS = TypeAdapter(list[float])
_PLAIN_FROM, _PLAIN_TO = 1e-5, 1e16
"""Between these, and for 0, the JSON of a float has the shortest digits and no exponent."""


def number(value: float) -> str:
    """The shortest digits that give the value back; from 1e21 on and below 1e-6 an exponent."""
    size = abs(value)
    if size and math.isfinite(value) and not 1e-6 <= size < 1e21:
        return repr(value)
    return plain(value)


def with_exponent(value: float) -> str:
    """Always with an exponent, as the value of an alert is written."""
    if not math.isfinite(value):
        return plain(value)
    digits, exponent = np.format_float_scientific(value, trim="-").split("e")
    return f"{digits}e{int(exponent):+03d}"


def general(value: float) -> str:
    """With an exponent from 1e6 on and below 1e-4, as in text formats: Go's `g`."""
    size = abs(value)
    if not size or not math.isfinite(value) or 1e-4 <= size < 1e6:
        return plain(value)
    return with_exponent(value)


def numbers(values: Values) -> list[bytes]:
    """The same for many, thirty times as fast: a library writes them as one list."""
    if not len(values):
        return []
    written = _FLOATS.dump_json(values.tolist())[1:-1] + b","
    texts = written.replace(b".0,", b",").split(b",")[:-1]
    size = np.abs(values)
    plainly = (size >= _PLAIN_FROM) & (size < _PLAIN_TO) | (size == 0)
    for at in np.flatnonzero(~plainly).tolist():
        texts[at] = number(float(values[at])).encode()
    return texts


def stamp(milliseconds: int) -> str:
    """Seconds, with three decimals where they are not whole."""
    seconds, rest = divmod(abs(milliseconds), 1000)
    sign = "-" if milliseconds < 0 else ""
    return f"{sign}{seconds}.{rest:03d}" if rest else f"{sign}{seconds}"


class Points:
    """Writes `[time,"value"],…` of one series after the other; most share their times."""

    def __init__(self) -> None:
        self._starts: dict[int, bytes] = {}
        self._times: Times | None = None
        self._of_times: list[bytes] = []

    def write(self, times: Times, values: Values) -> bytes:
        """At least one point."""
        pieces = [b""] * (2 * len(times))
        pieces[::2] = self._beginnings(times)
        pieces[1::2] = numbers(values)
        return b"".join(pieces)[3:] + b'"]'

    def _beginnings(self, times: Times) -> list[bytes]:
        """What stands before each value: the end of the point before it, and the time."""
        if times is not self._times:
            known = self._starts
            fresh = [at for at in times.tolist() if at not in known]
            known.update((at, f'"],[{stamp(at)},"'.encode()) for at in fresh)
            self._times, self._of_times = times, [known[at] for at in times.tolist()]
        return self._of_times
