"""`opsbook sign-in`"""

from urllib.parse import urlsplit

import click

from opsbook.cli.ask import address_of, tell
from opsbook.cli.data import data_option
from opsbook.state.datadir import DataDir


@click.command("sign-in")
@data_option
@click.option("--url", help="Ask the watch at this address instead, with $OPSBOOK_TOKEN.")
def sign_in(data: DataDir, url: str | None) -> None:
    """Print a link by which you sign in with a browser: good once, within 10 minutes.

    You are who you are to the other commands: whoever may read the data directory is admin
    there; with $OPSBOOK_TOKEN, an admin is who bears it.
    """
    address = address_of(data, url)
    made = tell(address, "/api/session/codes", {})
    parts = urlsplit(address.url)
    click.echo(f"{parts.scheme}://{parts.netloc}{made['path']}#{made['code']}")
