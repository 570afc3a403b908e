"""States as a table: aligned, worst first, coloured only on a terminal."""

from collections.abc import Iterable, Sequence

import click

COLOURS = {
    "up": "green",
    "degraded": "yellow",
    "late": "yellow",
    "unknown": "magenta",
    "maintenance": "blue",
    "down": "red",
}
_WORST_FIRST = ("down", "unknown", "late", "degraded", "maintenance", "up")


def worst_first(rows: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    """Rows whose first cell is a state, in the order in which people need them."""
    return sorted(rows, key=lambda row: (_WORST_FIRST.index(row[0]), row[1]))


def print_states(rows: Iterable[Sequence[str]]) -> None:
    """Rows of a state, names, and a last cell that may be as long as it wants."""
    listed = worst_first(rows)
    if not listed:
        return
    widths = [max(len(row[column]) for row in listed) for column in range(len(listed[0]) - 1)]
    for row in listed:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)]
        cells[0] = click.style(cells[0], fg=COLOURS[row[0]], bold=row[0] == "down")
        click.echo("  ".join([*cells, row[-1]]).rstrip())
