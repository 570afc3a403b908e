"""Figures as people read them: medians, p99, ratios, aligned; and as JSON."""

import json
import math
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Cell = str | float | int | None
"""A number is shown with as many digits as mean something; None as a dash."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a set of times lies."""

    count: int
    median: float
    p99: float
    """By nearest rank, so with fewer than 100 values it is the greatest."""
    max: float


def spread(values: Sequence[float]) -> Spread:
    ranked = sorted(values)
    p99 = ranked[math.ceil(len(ranked) * 0.99) - 1]
    return Spread(len(ranked), statistics.median(ranked), p99, ranked[-1])


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Text to the left, numbers to the right; a row may be shorter than the head."""
    shown = [list(head), *([_shown(cell) for cell in row] for row in rows)]
    widths = [
        max(len(row[column]) for row in shown if column < len(row) - (len(row) < len(head)))
        for column in range(len(head))
    ]
    numeric = [_is_numeric(rows, column) for column in range(len(head))]
    print(f"\n{title}")
    for row in shown:
        cells = [
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(row, widths, numeric, strict=False)
        ]
        print("  " + "  ".join(cells).rstrip())


def write_json(file: Path | None, content: dict[str, Any]) -> None:
    if file is not None:
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        say(f"written: {file}")


def say(text: str) -> None:
    """Progress, beside the table on standard output."""
    print(text, file=sys.stderr, flush=True)


def _is_numeric(rows: Sequence[Sequence[Cell]], column: int) -> bool:
    return any(len(row) > column and isinstance(row[column], int | float) for row in rows)


def _shown(cell: Cell) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        digits = 0 if abs(cell) >= 1000 else 1 if abs(cell) >= 10 else 2
        return f"{cell:,.{digits}f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
