"""The clock that a service goes by; it may be told to be wrong."""

import time


class Clock:
    """The machine's clock, and how far ahead of it this service believes to be."""

    def __init__(self) -> None:
        self.ahead = 0.0
        """Seconds; negative where it is behind."""

    def now(self) -> float:
        """Seconds since 1970, by the service's own lights."""
        return time.time() + self.ahead
