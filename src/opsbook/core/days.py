"""Which days of the week or the month are meant: `sun`, `first sun`, `last fri`, `1`, `last`."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
_SHORTEST_MONTH = 28
LONGEST_GAP = 35
"""Days from one to the next at most: from one first Sunday to another."""


@dataclass(frozen=True, slots=True)
class Days:
    """Days that come again and again."""

    weekday: int | None
    """0 is Monday; None: of whatever weekday."""
    nth: int | None
    """The how manieth of a month, -1 the last; None: each."""

    def include(self, day: date) -> bool:
        """Whether this day is one of them."""
        if self.weekday not in (None, day.weekday()):
            return False
        each = 1 if self.weekday is None else len(WEEKDAYS)
        if self.nth == -1:
            return monthrange(day.year, day.month)[1] - day.day < each
        return self.nth in (None, (day.day - 1) // each + 1)

    def __str__(self) -> str:
        ordinals = {number: name for name, number in _ORDINALS.items()}
        if self.weekday is None:
            return "last" if self.nth == -1 else str(self.nth)
        words = [ordinals[self.nth]] if self.nth else []
        return " ".join([*words, WEEKDAYS[self.weekday]])

    @classmethod
    def parse(cls, text: str) -> "Days":
        """Raises ValueError that says what to write."""
        match text.lower().split():
            case [weekday] if weekday in WEEKDAYS:
                return cls(WEEKDAYS.index(weekday), None)
            case [nth, weekday] if nth in _ORDINALS and weekday in WEEKDAYS:
                return cls(WEEKDAYS.index(weekday), _ORDINALS[nth])
            case ["last"]:
                return cls(None, -1)
            case [number] if number.isdecimal() and 1 <= int(number) <= _SHORTEST_MONTH:
                return cls(None, int(number))
            case [number] if number.isdecimal():
                raise ValueError(f"not a day of every month: write 1 to {_SHORTEST_MONTH}, or last")
        raise ValueError("not a day: write one such as sun, first sun, last fri, 1 or last")


def is_among(day: date, days: Sequence[Days]) -> bool:
    """Whether it is one of them; each is where none are named."""
    return not days or any(each.include(day) for each in days)
