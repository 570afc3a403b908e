"""Codes in links, by which whoever can read the data directory signs in with a browser."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass

from opsbook.core.clock import Clock
from opsbook.state.people import Person
from opsbook.state.token_text import hash_of

LASTS = 600.0
"""Seconds."""
_MOST = 100
"""Codes at a time; the oldest goes where one more is made."""


@dataclass(frozen=True, slots=True)
class _Kept:
    person: Person
    ends: float


class Codes:
    """Each is good once. They are kept as hashes, in memory alone: they end with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def issue(self, person: Person) -> str:
        code = secrets.token_urlsafe(24)
        self._kept[hash_of(code)] = _Kept(person, self._clock.monotonic() + LASTS)
        if len(self._kept) > _MOST:
            self._kept.popitem(last=False)
        return code

    def take(self, code: str) -> Person | None:
        """Whose it was, or None if it is unknown, used or too old; now it is used."""
        kept = self._kept.pop(hash_of(code), None)
        if kept is None or kept.ends <= self._clock.monotonic():
            return None
        return kept.person
