"""`opsbook up BOOK`"""

import asyncio
from pathlib import Path

import click

from opsbook.app.app import App
from opsbook.app.book import read_book, remarks
from opsbook.cli.data import data_option
from opsbook.cli.process import run_until_signal
from opsbook.cli.story import tell
from opsbook.core.errors import BadInputError
from opsbook.state.datadir import DataDir


@click.command()
@click.argument("book", type=click.Path(path_type=Path))
@data_option
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Port to answer on; 0 takes a free one."
)
def up(book: Path, data: DataDir, port: int | None) -> None:
    """Watch the platform that BOOK declares: adopt or start its services, run its checks,
    restart what dies and prove that it is back.

    Ends with Ctrl-C or SIGTERM; the services go on and the next `opsbook up` adopts them.
    `opsbook down BOOK` stops them. SIGHUP reads the book's alerts and rules again.
    """
    read = read_book(book)
    for remark in remarks(read):
        click.echo(f"remark: {remark}", err=True)
    web = read.web if port is None else read.web.model_copy(update={"port": port})
    app = App(read, data, web)
    try:
        tell(app.bus)
        run_until_signal(app.run(lambda: _say_where(app)), lambda: _reload(app, book))
    finally:
        app.close()
    running = [keeper.name for keeper in app.services.keepers.values() if keeper.instance]
    if running:
        click.echo(f"the watch ended; these go on: {', '.join(running)}")


def _say_where(app: App) -> None:
    """The link is for who sees this terminal. Where others reach the port it is not printed: of
    a service, this is a log that more people read."""
    click.echo(f"watching {app.book.platform.name} at {app.web.address} (data in {app.data.path})")
    on_loopback = app.web.on_loopback
    click.echo(
        f"sign in: {app.front.sign_in.link() if on_loopback else '`opsbook sign-in` makes a link'}"
    )


async def _reload(app: App, book: Path) -> None:
    """What is in force stays in force where the book is not good any more."""
    try:
        await app.reload(await asyncio.to_thread(read_book, book))
        click.echo(f"read {book} again: its alerts and rules are in force")
    except BadInputError as error:
        click.echo(f"{book} was not read again, nothing has changed:\n{error}", err=True)
