"""`opsbook silence list|add|end`"""

import json
from urllib.parse import quote, urlencode

import click

from opsbook.cli.alert import seconds_of
from opsbook.cli.ask import address_of, ask, tell
from opsbook.cli.by import by_option
from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.core.errors import BadInputError
from opsbook.state.datadir import DataDir

_url = click.option("--url", help="Ask this address instead of the one in the data directory.")


@click.group()
def silence() -> None:
    """Who does not want to hear of what, why, and until when."""


@silence.command("list")
@data_option
@_url
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("--all", "everything", is_flag=True, help="Those that have ended, too.")
def list_silences(data: DataDir, url: str | None, as_json: bool, everything: bool) -> None:
    """Silences, those that hold first."""
    status, found = ask(address_of(data, url), "/api/silences")
    if status != 200:
        raise BadInputError(f"refused: {found}")
    shown = [each for each in found if everything or each["state"] != "expired"]
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    rows = (
        (
            each["id"],
            each["state"],
            each["ends_at"] or "it has ended",
            each["created_by"],
            f"{each['matchers']} {each['comment']}",
        )
        for each in shown
    )
    print_columns(("ID", "STATE", "UNTIL", "BY", "WHAT AND WHY"), rows)


@silence.command()
@click.argument("matchers", nargs=-1, required=True)
@data_option
@_url
@by_option
@click.option("--why", required=True, help="Others will read it.")
@click.option("--for", "length", help="How long, such as 2h.")
@click.option("--until-resolved", is_flag=True, help="Until what it silences has ended.")
@click.option("--during", "interval", default="", help="Within this time interval only.")
def add(
    matchers: tuple[str, ...],
    data: DataDir,
    url: str | None,
    by: str,
    why: str,
    length: str | None,
    until_resolved: bool,
    interval: str,
) -> None:
    """Silence the alerts whose labels match all MATCHERS, such as alertname=Down team=~"a|b"."""
    body = {
        "matchers": ",".join(matchers),
        "by": by,
        "why": why,
        "seconds": seconds_of(length, "--for"),
        "until_resolved": until_resolved,
        "interval": interval,
    }
    click.echo(tell(address_of(data, url), "/api/silences", body)["id"])


@silence.command()
@click.argument("number")
@data_option
@_url
@by_option
def end(number: str, data: DataDir, url: str | None, by: str) -> None:
    """End the silence NUMBER now."""
    path = f"/api/silences/{quote(number)}?{urlencode({'by': by})}"
    tell(address_of(data, url), path, None, "DELETE")
    click.echo(f"{number} has ended")
