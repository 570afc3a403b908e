"""`opsbook drill list|run|show|restore`"""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import click

from opsbook.app.drills import undo_what_was_left
from opsbook.cli.ask import Address, NotRunningError, address_of, ask, tell
from opsbook.cli.backup import acts, prove
from opsbook.cli.by import by_option
from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.core.errors import BadInputError
from opsbook.core.units import format_duration
from opsbook.state.datadir import DataDir

_url = click.option("--url", help="Ask this address instead of the one in the data directory.")
_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
_EXIT = {"proved": 0, "failed": 1, "refused": 3}
_LOOK_EVERY = 0.2


@click.group()
def drill() -> None:
    """Hurt the platform on purpose, and measure the answer.

    Where no opsbook runs, faults that an earlier one left behind are undone first.
    """


@drill.command("list")
@data_option
@_url
@_json
@click.pass_context
def list_drills(ctx: click.Context, data: DataDir, url: str | None, as_json: bool) -> None:
    """How the drills stand, worst first.

    Exit code: 0 all proved, 1 one failed or is overdue, 3 one was never run or nobody answers.
    """
    found = _ask(_address(data, url))
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif found["drills"]:
        rows = [(*_cells(each), _remark(each)) for each in found["drills"]]
        print_columns(("STATE", "DRILL", "DETECTED", "TOLD", "RECOVERED", ""), rows)
    else:
        click.echo("the book declares no drills")
    ctx.exit({None: 0, "up": 0, "down": 1, "unknown": 3}[found["state"]])


@drill.command()
@click.argument("name")
@data_option
@_url
@_json
def show(name: str, data: DataDir, url: str | None, as_json: bool) -> None:
    """What NAME proves, and what its last run measured."""
    known = {each["name"]: each for each in _ask(_address(data, url))["drills"]}
    if name not in known:
        raise BadInputError(f"no such drill: {name!r}; known: {', '.join(known) or 'none'}")
    found = known[name]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"{name}: {found['state']}\n{found['description'] or found['fault']}")
    if found["evidence"] is not None:
        _print_evidence(found["evidence"])


@drill.command()
@click.argument("name")
@data_option
@_url
@_json
@by_option
@click.option("--why", default="asked for by hand", help="Others will read it.")
@click.option("--follow", is_flag=True, help="Wait for the end and say what was measured.")
@click.pass_context
def run(
    ctx: click.Context,
    name: str,
    data: DataDir,
    url: str | None,
    as_json: bool,
    by: str,
    why: str,
    follow: bool,
) -> None:
    """Carry out the drill NAME. Whatever it hurts is undone.

    What is marked production waits for a second person: opsbook drill approve NAME RUN.

    With --follow the exit code is 0 if everything expected was seen in time, 1 if not, 3 if
    nothing was hurt because the platform was not well to begin with.
    """
    address = _address(data, url)
    begun = tell(address, f"/api/drills/{quote(name)}/runs", {"by": by, "why": why})
    if begun["state"] == "asked":
        words = f"opsbook drill approve {name} {begun['id']}"
        click.echo(f"it waits for a second person: {words}", err=True)
    if not follow:
        click.echo(json.dumps(begun, indent=2) if as_json else begun["id"])
        return
    ended = _follow(address, name, begun["id"], quiet=as_json)
    result = ended["result"] or {"state": "failed", "why": ended["error"] or ended["state"]}
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        click.echo(f"{name}: {result['state']}")
        if "evidence" in result:
            _print_evidence(result["evidence"])
        else:
            click.echo(f"  {result['why']}")
    ctx.exit(_EXIT[result["state"]])


@drill.command()
@click.argument("name")
@click.argument("number", metavar="RUN")
@data_option
@_url
def approve(name: str, number: str, data: DataDir, url: str | None) -> None:
    """Consent to the RUN of a drill that somebody else has asked for; it begins."""
    path = f"/api/drills/{quote(name)}/runs/{quote(number)}/approval"
    click.echo(f"{tell(_address(data, url), path, {})['id']}: approved")


@drill.command()
@click.argument("name")
@click.argument("number", metavar="RUN")
@data_option
@_url
@click.option("--why", required=True, help="Others will read it.")
def refuse(name: str, number: str, data: DataDir, url: str | None, why: str) -> None:
    """Say no to the RUN of a drill that was asked for: nobody can approve it any more."""
    path = f"/api/drills/{quote(name)}/runs/{quote(number)}/refusal"
    click.echo(f"{tell(_address(data, url), path, {'why': why})['id']}: refused")


@drill.command()
@click.argument("name", metavar="SET")
@acts
@click.pass_context
def restore(ctx: click.Context, /, name: str, **options: Any) -> None:
    """Restore the newest backup of SET into a throwaway place, and ask what came back.

    Exit code: 0 it is proved, 1 it failed, 3 it could not be found out.
    """
    prove(ctx, name, **options)


def _address(data: DataDir, url: str | None) -> Address:
    if url is None:
        for each in asyncio.run(undo_what_was_left(data)):
            click.echo(f"undone: what {each} left behind", err=True)
    return address_of(data, url)


def _ask(address: Address) -> dict[str, Any]:
    status, found = ask(address, "/api/drills")
    if status != 200:
        raise NotRunningError(f"{address} answered {status}: {found}")
    answer: dict[str, Any] = found
    return answer


def _follow(address: Address, name: str, run: str, quiet: bool) -> dict[str, Any]:
    """The run when it has ended; its steps are told as they end."""
    told = 0
    while True:
        status, found = ask(address, f"/api/drills/{quote(name)}/runs/{quote(run)}")
        if status != 200:
            raise BadInputError(f"refused: {found}")
        if not quiet:
            for step in found["steps"][told:]:
                click.echo(f"  {step}")
        told = len(found["steps"])
        if found["state"] not in ("asked", "waiting", "running"):
            ended: dict[str, Any] = found
            return ended
        time.sleep(_LOOK_EVERY)


def _cells(each: dict[str, Any]) -> Sequence[str]:
    known = each["evidence"] or {}
    times = [_time(known.get(f"{phase}_seconds")) for phase in ("detect", "notify", "recover")]
    return (each["state"], each["name"], *times)


def _remark(each: dict[str, Any]) -> str:
    missed = (each["evidence"] or {}).get("missed") or []
    return "; ".join(missed) or (f"last run {each['ran_at']}" if each["ran_at"] else "")


def _print_evidence(evidence: dict[str, Any]) -> None:
    for word, phase in (("detected", "detect"), ("told", "notify"), ("recovered", "recover")):
        click.echo(f"  {word:<10} {_time(evidence[f'{phase}_seconds'])}")
    for each in evidence["missed"]:
        click.echo(f"  missed     {each}")
    for each in evidence["taken_back"]:
        click.echo(f"  taken back {each}")
    entries = ", ".join(map(str, evidence["entries"])) or "none"
    click.echo(f"  evidence   ledger entries {entries}")


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else format_duration(seconds)
