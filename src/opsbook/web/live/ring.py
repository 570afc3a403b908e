"""The latest changes, for who comes back after a short while."""

from collections import deque

_MOST = 1_000
_MOST_CHARACTERS = 4_000_000


class Ring:
    """Changes in order, each with its number; the oldest are forgotten."""

    def __init__(self, most: int = _MOST, most_characters: int = _MOST_CHARACTERS) -> None:
        self._most, self._most_characters = most, most_characters
        self._changes: deque[tuple[int, str]] = deque()
        self._characters = 0

    def add(self, number: int, text: str) -> None:
        """The numbers are without gaps."""
        self._changes.append((number, text))
        self._characters += len(text)
        while len(self._changes) > self._most or self._characters > self._most_characters:
            self._characters -= len(self._changes.popleft()[1])

    def after(self, number: int, last: int) -> list[str] | None:
        """What came after a number, up to the last; None where some of it is forgotten, or where
        that number is none of ours."""
        if not 0 <= last - number <= len(self._changes):
            return None
        return [text for each, text in self._changes if each > number]
