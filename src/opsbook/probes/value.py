"""What a target gives as Python has it → a measurement."""

from datetime import timedelta
from decimal import Decimal

from opsbook.probes.model import Value


def as_value(found: object) -> Value | None:
    """Numbers, texts and truths as they are, an interval in seconds, all else as text.

    None, which is nothing measured, stays None.
    """
    match found:
        case None | bool() | int() | float() | str():
            return found
        case Decimal():
            return float(found)
        case timedelta():
            return found.total_seconds()
        case bytes():
            return found.decode("utf-8", errors="replace")
        case _:
            return str(found)
