"""Whether there is room for a backup, before it is begun."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from opsbook.backups.destination import Destination, DestinationError
from opsbook.backups.source import Source
from opsbook.backups.store import MADE, Row
from opsbook.core.units import format_size

_MARGIN = 1.1
"""Times what the last one took: what is backed up seldom shrinks."""
_AT_BEST = 0.1
"""Share of its size that a first backup takes at least: nobody knows yet how well it packs, and one
that would have fitted must not be refused."""


def lacking(
    source: Source,
    estimate: int | None,
    places: Mapping[str, Destination],
    rows: Sequence[Row],
    scratch: Path,
) -> dict[str, str]:
    """Destination → why a backup does not fit, with the numbers.

    Nothing is said where nobody knows: what is then too little fails while it is written.
    """
    needed = source.scratch_bytes()
    free = shutil.disk_usage(scratch).free
    if free < needed:
        said = f"no room for it in {scratch}: {_numbers(needed, free)}"
        return dict.fromkeys(places, said)
    expected = _expected(estimate, rows)
    if expected is None:
        return {}
    found = {name: _said(place, expected) for name, place in places.items()}
    return {name: said for name, said in found.items() if said}


def _said(place: Destination, expected: int) -> str:
    try:
        free = place.free_bytes()
    except DestinationError:
        return ""  # the backup will meet it, too, and tell it
    if free is None or free >= expected:
        return ""
    numbers = _numbers(expected, free)
    return f"no room for it at {place.subject}: {numbers}; free some, or keep fewer backups"


def _expected(estimate: int | None, rows: Sequence[Row]) -> int | None:
    """Bytes, as they will be stored."""
    made = [row.evidence for row in rows if row.about == MADE and row.ok and row.evidence]
    if not made:
        return None if estimate is None else int(estimate * _AT_BEST)
    last = made[-1]
    before = last.get("estimated_bytes")
    grown = estimate / before if estimate and before else 1.0
    return int(last["stored_bytes"] * grown * _MARGIN)


def _numbers(needed: int, free: int) -> str:
    return f"about {format_size(needed)} are needed, {format_size(free)} are free"
