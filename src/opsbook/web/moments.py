"""Moments as JSON has them, from seconds since 1970."""

from datetime import datetime

from opsbook.core.clock import iso


def moment(seconds: float) -> datetime:
    """In UTC, to the millisecond: as the ledger has it."""
    return datetime.fromisoformat(iso(seconds))


def moment_or_none(seconds: float | None) -> datetime | None:
    """None for what has not happened."""
    return None if seconds is None else moment(seconds)


def text_or_none(seconds: float | None) -> str | None:
    """The same as text."""
    return None if seconds is None else iso(seconds)
