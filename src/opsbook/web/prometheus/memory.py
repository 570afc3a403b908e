"""Answers that were given lately, for as long as their samples are what they were.

Many people look at one dashboard, and each of its panels asks again at every refresh. What is
asked of a range that has passed mostly stays true for ever, also while samples come in: the
store says whether it does.
"""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

from opsbook.metrics.model import Unchanged
from opsbook.web.prometheus.answers import Answer

_MOST_BYTES = 8 * 1024 * 1024
_LARGEST = 1024 * 1024
"""Of an answer that is kept: a larger one is made piece by piece as it is taken."""


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: Answer
    size: int
    unchanged: Unchanged


class Memory:
    """May be asked from any thread."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._size = 0

    def find(self, question: Hashable, *, wait: bool = True) -> Answer | None:
        """The answer if it would be the same now, and if that is found out without waiting."""
        with self._lock:
            kept = self._kept.get(question)
        if kept is None:
            return None
        unchanged = kept.unchanged(wait=wait)
        if not unchanged:
            if unchanged is False:
                self._forget(question, kept)
            return None
        with self._lock:
            if question in self._kept:
                self._kept.move_to_end(question)
        return kept.answer

    def keep(self, question: Hashable, answer: Answer) -> Answer:
        """The same answer, whole where it is kept."""
        if answer.unchanged is None or answer.size > _LARGEST:
            return answer
        data = b"".join(answer.data)
        whole = Answer([data], answer.warnings, answer.infos)
        kept = _Kept(whole, len(data), answer.unchanged)
        with self._lock:
            old = self._kept.pop(question, None)
            self._kept[question] = kept
            self._size += kept.size - (old.size if old else 0)
            while self._size > self._most_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._size -= oldest.size
        return whole

    def _forget(self, question: Hashable, kept: _Kept) -> None:
        with self._lock:
            if self._kept.get(question) is kept:
                del self._kept[question]
                self._size -= kept.size
