"""`opsbook down BOOK`"""

import asyncio
from pathlib import Path

import click
import uvloop

from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.cli.data import data_option
from opsbook.state.datadir import DataDir
from opsbook.web.settings import WebSettings

_TO_RECORD = 5.0
"""Seconds for the disk to take an entry."""


@click.command()
@click.argument("book", type=click.Path(path_type=Path))
@data_option
def down(book: Path, data: DataDir) -> None:
    """Stop the services of BOOK, those that depend on others first.

    Refused while `opsbook up` runs on the same data: it would start them again.
    """
    app = App(read_book(book), data, WebSettings(port=0))
    try:
        uvloop.run(_stop(app))
    finally:
        app.close()


async def _stop(app: App) -> None:
    for keeper in reversed(app.services.keepers.values()):
        instance = await keeper.controller.running()
        if instance is None:
            click.echo(f"{keeper.name}: does not run")
            continue
        await keeper.controller.stop()
        async with asyncio.timeout(_TO_RECORD):
            await app.ledger.record("service.stopped", keeper.name)
        click.echo(f"{keeper.name}: stopped ({instance.name})")
