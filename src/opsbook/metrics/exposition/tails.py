"""What stands after the heads of lines → values and times, all at once where that can be."""

from collections.abc import Sequence

import numpy as np

from opsbook.metrics.exposition.format import Format
from opsbook.metrics.exposition.model import NO_TIME
from opsbook.metrics.exposition.numbers import numbers
from opsbook.metrics.model import Times, Values
from opsbook.probes.exposition import ExpositionError


def read_tails(format_: Format, tails: list[bytes]) -> tuple[Values, Times | None]:
    """Raises BadTailError."""
    try:
        return _read_at_once(format_, tails)
    except ValueError:  # there is something unusual; perhaps it is allowed
        return _read_one_by_one(format_, tails)


class BadTailError(ExpositionError):
    """One of the tails is malformed; says which."""

    def __init__(self, index: int, text: str) -> None:
        super().__init__(text)
        self.index = index


def _read_at_once(format_: Format, tails: list[bytes]) -> tuple[Values, Times | None]:
    text = b"\n".join(tails)
    if b"#" in text:
        tails = format_.plain(tails)
        text = b"\n".join(tails)
    if b" " not in text:
        return numbers(tails), None
    if b" \n" in text or text.endswith(b" "):
        raise ValueError
    tokens, _, stamps = zip(*[tail.partition(b" ") for tail in tails], strict=True)
    # Many lines share few times.
    times = {stamp: format_.time(stamp) if stamp else NO_TIME for stamp in set(stamps)}
    return numbers(tokens), np.fromiter(map(times.__getitem__, stamps), np.int64, len(stamps))


def _read_one_by_one(format_: Format, tails: Sequence[bytes]) -> tuple[Values, Times | None]:
    values, times = np.empty(len(tails)), np.full(len(tails), NO_TIME)
    for index, tail in enumerate(tails):
        try:
            value, time = format_.tail(tail)
        except ExpositionError as error:
            raise BadTailError(index, str(error)) from None
        values[index] = value
        if time is not None:
            times[index] = time
    return values, times
