"""Rows as aligned columns under their headings."""

from collections.abc import Iterable, Sequence

import click


def print_columns(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The last column may be as long as it wants."""
    listed = [headings, *rows]
    widths = [max(len(row[column]) for row in listed) for column in range(len(headings) - 1)]
    for row in listed:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        click.echo("  ".join([*cells, row[-1]]).rstrip())
