"""`opsbook run NAME`: see what a runbook would do, then have it done."""

import json
from collections.abc import Iterable
from urllib.parse import quote

import click

from opsbook.cli.ask import address_of, tell
from opsbook.cli.by import by_option
from opsbook.cli.data import data_option
from opsbook.cli.plan import print_plan, would_run
from opsbook.cli.runs import follow_run
from opsbook.core.errors import BadInputError
from opsbook.state.datadir import DataDir


@click.command()
@click.argument("name")
@click.argument("parameters", nargs=-1, metavar="[PARAMETER=VALUE]...")
@data_option
@click.option("--url", help="Ask this address instead of the one in the data directory.")
@click.option("--do", "really", is_flag=True, help="Carry it out instead of showing the plan.")
@click.option("--why", default="", help="Others will read it; needed with --do.")
@click.option("--confirm", default="", help="The target's name, typed: for class 2 and above.")
@click.option("--plan", help="The digest of a plan that was signed.")
@click.option("--incident", help="The incident that it belongs to.")
@click.option("--follow", is_flag=True, help="Show what it does until it has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@by_option
@click.pass_context
def run(
    ctx: click.Context,
    name: str,
    parameters: tuple[str, ...],
    data: DataDir,
    url: str | None,
    really: bool,
    why: str,
    confirm: str,
    plan: str | None,
    incident: str | None,
    follow: bool,
    as_json: bool,
    by: str,
) -> None:
    """Show what the runbook NAME would do now, before → after; with --do, have it done.

    Exit code without --do: 0 if nothing known now would stop it, else 1. With --do --follow: 0 if
    it succeeded, else 1.
    """
    address = address_of(data, url)
    given = {"parameters": _pairs(parameters)}
    if not really:
        shown = tell(address, f"/api/runbooks/{quote(name)}/plan", given)
        if as_json:
            click.echo(json.dumps(shown, indent=2))
        else:
            print_plan(shown)
            click.echo("nothing was changed; --do --why '…' carries it out")
            if shown["confirm"]:
                click.echo(f"it also wants --confirm {shown['confirm']}")
        ctx.exit(0 if would_run(shown) else 1)
    if not why:
        raise BadInputError("say why it is done: --why '…'")
    asked = {**given, "by": by, "why": why, "confirm": confirm, "incident": incident, "plan": plan}
    begun = tell(address, f"/api/runbooks/{quote(name)}/runs", asked)["id"]
    if not follow:
        click.echo(json.dumps({"id": begun}) if as_json else begun)
        return
    ctx.exit(follow_run(address, begun, as_json=as_json))


def _pairs(words: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, sign, value = word.partition("=")
        if not sign or not name:
            raise BadInputError(f"not a parameter: {word!r}; write NAME=VALUE")
        if name in found:
            raise BadInputError(f"parameter {name} is given twice")
        found[name] = value
    return found
