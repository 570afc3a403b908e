"""`opsbook runs list|show|follow|approve|refuse|decide|cancel|resume|sign`"""

import json
from typing import Any
from urllib.parse import quote, urlencode

import click

from opsbook.cli.ask import Address, NotRunningError, address_of, ask, tell
from opsbook.cli.by import by_option
from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.cli.lines import lines
from opsbook.core.errors import BadInputError
from opsbook.state.datadir import DataDir

_url = click.option("--url", help="Ask this address instead of the one in the data directory.")
_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
_why = click.option("--why", default="", help="Others will read it.")
_needed_why = click.option("--why", required=True, help="Others will read it.")
_run = click.argument("number", metavar="RUN")
_COLOURS = {"failed": "red", "waiting": "yellow", "output": "bright_black", "ended": "green"}


@click.group()
def runs() -> None:
    """Runs of runbooks: how they stand, what they wait for, and what is said to them."""


@runs.command("list")
@data_option
@_url
@_json
@click.option("--runbook", help="Only of this one.")
@click.option("--incident", help="Only of this incident.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
def list_runs(
    data: DataDir,
    url: str | None,
    as_json: bool,
    runbook: str | None,
    incident: str | None,
    limit: int,
) -> None:
    """The newest first."""
    wanted = {"runbook": runbook, "incident": incident, "limit": str(limit)}
    path = urlencode({name: value for name, value in wanted.items() if value})
    found = _ask(address_of(data, url), f"/api/runs?{path}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = [(each["state"], each["id"], each["by"], _remark(each)) for each in found]
    print_columns(("STATE", "RUN", "BY", ""), rows)


@runs.command()
@_run
@data_option
@_url
@_json
def show(number: str, data: DataDir, url: str | None, as_json: bool) -> None:
    """RUN with its steps."""
    found = _ask(address_of(data, url), f"/api/runs/{quote(number)}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"{found['id']}: {found['state']}, by {found['by']}: {found['why']}")
    if remark := _remark(found):
        click.echo(remark)
    rows = [
        (each["state"], each["path"], each["kind"], each["error"] or each["subject"])
        for each in found["steps"]
    ]
    print_columns(("STATE", "STEP", "KIND", ""), rows)


@runs.command()
@_run
@data_option
@_url
@_json
@click.pass_context
def follow(ctx: click.Context, number: str, data: DataDir, url: str | None, as_json: bool) -> None:
    """What RUN does, from its beginning to its end. Exit code 0 if it succeeded, else 1."""
    ctx.exit(follow_run(address_of(data, url), number, as_json=as_json))


@runs.command()
@_run
@data_option
@_url
@_needed_why
def approve(number: str, data: DataDir, url: str | None, why: str) -> None:
    """Consent to RUN, which somebody else has asked for."""
    _say(data, url, number, "approval", {"why": why})


@runs.command()
@_run
@data_option
@_url
@_needed_why
def refuse(number: str, data: DataDir, url: str | None, why: str) -> None:
    """Say no to RUN: it stops."""
    _say(data, url, number, "refusal", {"why": why})


@runs.command()
@_run
@click.argument("choice", type=click.Choice(["retry", "skip", "rollback", "stop"]))
@data_option
@_url
@_why
@by_option
def decide(number: str, choice: str, data: DataDir, url: str | None, why: str, by: str) -> None:
    """Say what becomes of the step of RUN that failed."""
    _say(data, url, number, "decision", {"choice": choice, "why": why, "by": by})


@runs.command()
@_run
@data_option
@_url
@_why
@by_option
def cancel(number: str, data: DataDir, url: str | None, why: str, by: str) -> None:
    """End RUN before its next step."""
    _say(data, url, number, "cancellation", {"why": why, "by": by})


@runs.command()
@_run
@data_option
@_url
@click.option("--at", help="At this step; where it failed, if not given.")
@_why
@by_option
def resume(number: str, data: DataDir, url: str | None, at: str | None, why: str, by: str) -> None:
    """Carry RUN on at the step that failed."""
    _say(data, url, number, "resumption", {"at": at, "why": why, "by": by})


@runs.command()
@click.argument("digest", metavar="PLAN")
@data_option
@_url
def sign(digest: str, data: DataDir, url: str | None) -> None:
    """Consent to a plan that a dry run has shown, for runs that nobody attends."""
    tell(address_of(data, url), f"/api/plans/{quote(digest)}/signature", {})
    click.echo(f"plan {digest}: signed")


def follow_run(address: Address, number: str, *, as_json: bool) -> int:
    """Print its lines until it has ended; the exit code."""
    last: dict[str, Any] = {}
    for last in lines(address, f"/api/runs/{quote(number)}/lines"):
        if as_json:
            click.echo(json.dumps(last))
        else:
            text = f"{last['kind']:<8}{last['step']:<20} {last['text']}"
            click.secho(text.rstrip(), fg=_COLOURS.get(last["kind"]))
    return 0 if last.get("kind") == "run" and last["text"] == "succeeded" else 1


def _say(data: DataDir, url: str | None, number: str, what: str, body: dict[str, Any]) -> None:
    found = tell(address_of(data, url), f"/api/runs/{quote(number)}/{what}", body)
    click.echo(f"{number}: {found['state']}")


def _ask(address: Address, path: str) -> Any:
    status, found = ask(address, path)
    if status != 200:
        said = found.get("detail", found) if isinstance(found, dict) else found
        raise (BadInputError if status == 404 else NotRunningError)(f"{said}")
    return found


def _remark(run: dict[str, Any]) -> str:
    if run["waiting"]:
        return f"waits for {run['waiting']['what']}"
    return str(run["error"] or run["why"])
