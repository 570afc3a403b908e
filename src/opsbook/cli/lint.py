"""`opsbook lint BOOK`"""

from pathlib import Path

import click

from opsbook.app.book import read_book, remarks


@click.command()
@click.argument("book", type=click.Path(path_type=Path))
def lint(book: Path) -> None:
    """Find everything that is wrong with BOOK: each error with its place and the remedy.
    What other programs' files say and Opsbook does not carry out is remarked on.

    Exit code 0 if nothing is wrong, 2 if something is.
    """
    read = read_book(book)
    for remark in remarks(read):
        click.echo(f"remark: {remark}")
    click.echo(
        f"{book}: platform {read.platform.name}, {_count(len(read.services), 'service')}, "
        f"{_count(len(read.checks), 'check')}: nothing wrong"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
