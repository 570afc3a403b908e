"""`opsbook agent BOOK --host NAME`"""

from pathlib import Path

import click

from opsbook.app.agent import Agent
from opsbook.app.book import read_book
from opsbook.cli.data import data_option
from opsbook.cli.process import run_until_signal
from opsbook.state.datadir import DataDir


@click.command()
@click.argument("book", type=click.Path(path_type=Path))
@click.option("--host", required=True, help="Which of the book's `hosts` this machine is.")
@data_option
def agent(book: Path, host: str, data: DataDir) -> None:
    """Carry out here what the runbooks of BOOK do on this host.

    Steps come from the PostgreSQL database that the book names; `opsbook up` runs on it
    elsewhere. Ends with Ctrl-C or SIGTERM; commands go on, and the next agent takes them up.
    """
    carrier = Agent(read_book(book), host, data)
    try:
        click.echo(f"agent of {host}: waiting for steps (data in {data.path})")
        run_until_signal(carrier.run())
    finally:
        carrier.close()
