"""`count-recent-errors`: how many lines of the last 24 hours are errors, as JSON."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from opsbook.core.clock import iso

_WINDOW = 86_400.0
_SHOWN = 5
_NOT_KNOWN = 3
_LONGEST = 80
"""Characters shown of a line."""


def main(home: Path) -> None:
    """Print the count; ends with 3 if a log cannot be read, for then nobody knows.

    A line belongs to the window if its own time does; a line without one belongs to none.
    """
    since = iso(time.time() - _WINDOW)
    earliest = since.encode()
    count, errors = 0, 0
    latest: list[str] = []
    try:
        for line in _lines(home / "logs"):
            if line[:24] < earliest or not line.startswith(b"20"):
                continue
            count += 1
            if line[24:31] == b" ERROR ":
                errors += 1
                shown = line.decode("utf-8", errors="replace").strip()[:_LONGEST]
                latest = sorted([*latest, shown])[-_SHOWN:]
    except OSError as error:
        sys.stderr.write(f"cannot read {error.filename}: {error.strerror}\n")
        sys.exit(_NOT_KNOWN)
    percent = 100.0 * errors / count if count else None
    found = {"since": since, "lines": count, "errors": errors, "error_percent": percent}
    sys.stdout.write(json.dumps({**found, "latest": latest}) + "\n")


def _lines(directory: Path) -> Iterator[bytes]:
    for file in sorted([*directory.glob("*.log"), *directory.glob("*.log.1")]):
        with file.open("rb") as stream:
            yield from stream
