"""`opsbook runbooks`"""

import json
from typing import Any

import click

from opsbook.cli.ask import NotRunningError, address_of, ask
from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.state.datadir import DataDir


@click.command()
@data_option
@click.option("--url", help="Ask this address instead of the one in the data directory.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def runbooks(data: DataDir, url: str | None, as_json: bool) -> None:
    """The runbooks of the book, and which of their rollbacks a drill has proven."""
    address = address_of(data, url)
    status, found = ask(address, "/api/runbooks")
    if status != 200:
        raise NotRunningError(f"{address} answered {status}: {found}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif found:
        rows = [
            (str(each["run_class"]), each["name"], _proof(each), _about(each)) for each in found
        ]
        print_columns(("CLASS", "RUNBOOK", "ROLLBACK", ""), rows)
    else:
        click.echo("the book declares no runbooks")


def _proof(each: dict[str, Any]) -> str:
    if each["proven"] is None:
        return "none"
    return "proven" if each["proven"] else f"unproven: {', '.join(each['unproven'])}"


def _about(each: dict[str, Any]) -> str:
    lines = str(each["description"]).splitlines()
    return lines[0] if lines else f"{each['steps']} steps"
