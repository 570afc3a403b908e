"""`opsbook kpi`"""

import json
from collections.abc import Sequence
from typing import Any

import click

from opsbook.cli.ask import NotRunningError, address_of, ask
from opsbook.cli.data import data_option
from opsbook.state.datadir import DataDir

_EXIT = {None: 0, "met": 0, "off_target": 0, "warning": 1, "critical": 2, "unknown": 3}
_COLOURS = {
    "met": "green",
    "off_target": "yellow",
    "warning": "yellow",
    "critical": "red",
    "unknown": "magenta",
}


@click.command()
@data_option
@click.option("--url", help="Ask this address instead of the one in the data directory.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
def kpi(ctx: click.Context, data: DataDir, url: str | None, as_json: bool) -> None:
    """Ask the running watch how the KPIs stand, worst first.

    Exit code: 0 met or off target, 1 warning, 2 critical, 3 unknown or not running; of the worst.
    """
    address = address_of(data, url)
    code, answer = ask(address, "/api/kpis")
    if code != 200:
        raise NotRunningError(f"{address} answered {code}: {answer}")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    elif answer["kpis"]:
        _print(answer["kpis"])
    else:
        click.echo("the book declares no KPIs")
    ctx.exit(_EXIT[answer["state"]])


def _print(kpis: Sequence[dict[str, Any]]) -> None:
    """The state in words, for colours say nothing to many."""
    rows = [("STATE", "KPI", "VALUE", "TARGET", "")]
    rows += [
        (
            each["state"].replace("_", " "),
            each["name"],
            each["text"] or "none",
            each["target"],
            each["reason"],
        )
        for each in kpis
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    states = [None, *(each["state"] for each in kpis)]
    for state, row in zip(states, rows, strict=True):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        if state is not None:
            cells[0] = click.style(cells[0], fg=_COLOURS[state], bold=state == "critical")
        click.echo("  ".join([*cells, row[-1]]).rstrip())
