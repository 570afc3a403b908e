"""`opsbook backup run|list|show|verify|copy|prune|key`"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from opsbook.cli.ask import Address, NotRunningError, address_of, ask, tell
from opsbook.cli.by import by_option
from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.cli.progress import progress
from opsbook.core.errors import BadInputError
from opsbook.core.units import format_duration, format_size
from opsbook.state.datadir import DataDir

_url = click.option("--url", help="Ask this address instead of the one in the data directory.")
_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
_detach = click.option("--detach", is_flag=True, help="Print the number of the run, and leave.")
_why = click.option("--why", default="asked for by hand", help="Others will read it.")
_EXIT = {"good": 0, "failed": 1, "unknown": 3}
_LOOK_EVERY = 0.2


def acts(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of all commands that have something done."""
    for option in (_why, by_option, _detach, _json, _url, data_option):
        command = option(command)
    return command


@click.group()
def backup() -> None:
    """What is kept elsewhere, and the proof that it comes back."""


@backup.command("list")
@data_option
@_url
@_json
@click.pass_context
def list_sets(ctx: click.Context, data: DataDir, url: str | None, as_json: bool) -> None:
    """How the backup sets stand, worst first.

    Exit code: 0 all good, 1 one failed or is late, 3 one never ran or nobody answers.
    """
    found = _asked(address_of(data, url), "/api/backups")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif found["sets"]:
        headings = ("STATE", "SET", "MADE", "SIZE", "PROVEN RESTORE", "")
        print_columns(headings, [_set_row(each) for each in found["sets"]])
    else:
        click.echo("the book declares no backup sets")
    ctx.exit({None: 0, "up": 0, "late": 1, "down": 1, "unknown": 3}[found["state"]])


@backup.command()
@click.argument("name", metavar="SET")
@data_option
@_url
@_json
@click.pass_context
def show(ctx: click.Context, name: str, data: DataDir, url: str | None, as_json: bool) -> None:
    """What lies at the destinations of SET, and what becomes of it.

    Exit code: 0 all of it is good, 1 something is damaged or partial, 3 a destination does not
    answer.
    """
    found = _asked(address_of(data, url), f"/api/backups/{quote(name)}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        rows = [_copy_row(place, each) for place in found for each in place["copies"]]
        print_columns(("BACKUP", "AT", "CLASS", "SIZE", "VERIFIED", ""), rows)
        for place in found:
            if place["problem"]:
                click.echo(f"{place['destination']}: not known: {place['problem']}")
    bad = any(not each["good"] for place in found for each in place["copies"])
    ctx.exit(3 if any(place["problem"] for place in found) else int(bad))


@backup.command()
@click.argument("name", metavar="SET")
@click.option("--class", "retention", default="", help="Keep it by the rules of this class.")
@acts
@click.pass_context
def run(ctx: click.Context, /, name: str, retention: str, **options: Any) -> None:
    """Make a backup of SET now, check every byte of it, and prune what retention lets go.

    Exit code: 0 it is good at every destination, 1 if not.
    """
    _act(ctx, name, {"action": "backup", "retention": retention}, _print_backup, **options)


@backup.command()
@click.argument("name", metavar="SET")
@click.option(
    "--depth",
    type=click.Choice(["check", "open", "restore"]),
    default="check",
    show_default=True,
    help="Every byte; readable to its end; restored into a throwaway place and asked.",
)
@click.option("--backup", "number", default="", help="Which one, instead of the newest.")
@click.option("--at", "destination", default="", help="At which destination, with --backup.")
@acts
@click.pass_context
def verify(
    ctx: click.Context, /, name: str, depth: str, number: str, destination: str, **options: Any
) -> None:
    """Verify a backup of SET.

    Exit code: 0 it is good, 1 it is not, 3 it could not be found out.
    """
    wanted = {"action": depth, "backup": number, "destination": destination}
    _act(ctx, name, wanted, _print_verdict, **options)


@backup.command()
@click.argument("name", metavar="SET")
@click.argument("number", metavar="ID")
@click.option("--to", "destination", required=True, help="The destination that lacks it.")
@acts
@click.pass_context
def copy(ctx: click.Context, /, name: str, number: str, destination: str, **options: Any) -> None:
    """Send the backup ID of SET to a destination that lacks it, from another that has it.

    The source is not read again; every byte is held against the manifest on the way and there.
    What an earlier try has stored whole is not sent twice.

    Exit code: 0 it is good there, 1 if not.
    """
    wanted = {"action": "copy", "backup": number, "destination": destination}
    _act(ctx, name, wanted, _print_backup, **options)


@backup.command()
@click.argument("name", metavar="SET")
@click.option("--do", is_flag=True, help="Remove them; else only say which would go.")
@acts
@click.pass_context
def prune(ctx: click.Context, /, name: str, do: bool, **options: Any) -> None:
    """Remove the backups of SET that retention lets go, never before the newest is verified."""
    if do:
        _act(ctx, name, {"action": "prune"}, _print_pruned, **options)
        return
    address = address_of(options["data"], options["url"])
    found = _asked(address, f"/api/backups/{quote(name)}")
    words = {True: "keep", False: "REMOVE", None: "leave"}
    rows = [
        (words[each["keep"]], each["id"], place["destination"], each["reason"])
        for place in found
        for each in place["copies"]
    ]
    print_columns(("", "BACKUP", "AT", "WHY"), rows)
    click.echo("nothing was removed; --do removes them")


@backup.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def key(file: Path) -> None:
    """Make a private key of age in FILE, and print its public key for the book.

    Keep FILE away from the machine that is backed up, and where a fire does not reach it:
    without it no encrypted backup can ever be read.
    """
    # Written in Rust and large: only who makes a key loads it.
    from pyrage import x25519  # type: ignore[import-untyped]

    identity = x25519.Identity.generate()
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
            new.write(f"{identity}\n")
    except OSError as error:
        raise BadInputError(f"{file} cannot be made: {error.strerror}") from None
    click.echo(identity.to_public())


def prove(ctx: click.Context, name: str, **options: Any) -> None:
    """Have the newest backup restored into a throwaway place, and say what was measured."""
    _act(ctx, name, {"action": "restore"}, _print_verdict, **options)


def _act(
    ctx: click.Context,
    name: str,
    wanted: dict[str, Any],
    show_result: Callable[[dict[str, Any]], None],
    *,
    data: DataDir,
    url: str | None,
    as_json: bool,
    detach: bool,
    by: str,
    why: str,
) -> None:
    address = address_of(data, url)
    path = f"/api/backups/{quote(name)}/runs"
    begun = tell(address, path, {**wanted, "by": by, "why": why})
    if detach:
        click.echo(json.dumps(begun, indent=2) if as_json else begun["id"])
        return
    ended = _follow(address, f"{path}/{quote(begun['id'])}")
    result = ended["result"]
    if result is None:
        raise NotRunningError(f"{begun['id']}: {ended['error'] or ended['state']}")
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        click.echo(f"{name}: {result['state']}")
        show_result(result)
    ctx.exit(_EXIT[result["state"]])


def _follow(address: Address, path: str) -> dict[str, Any]:
    """The run when it has ended."""
    with progress() as shown:
        while True:
            found: dict[str, Any] = _asked(address, path)
            if found["state"] not in ("waiting", "running"):
                return found
            if (now := found["progress"]) is not None:
                shown(now["what"], now["done_bytes"], now["total_bytes"])
            time.sleep(_LOOK_EVERY)


def _asked(address: Address, path: str) -> Any:
    status, found = ask(address, path)
    if status == 404:
        raise BadInputError(found.get("detail", str(found)))
    if status != 200:
        raise NotRunningError(f"{address} answered {status}: {found}")
    return found


def _print_backup(result: dict[str, Any]) -> None:
    evidence = result["evidence"]
    for place in result["good"]:
        click.echo(f"  {result['backup']} at {place}{_measured(evidence)}")
    for place, error in result["errors"].items():
        click.echo(f"  NOT at {place}: {error}")
        if result["good"]:
            click.echo("  `opsbook backup copy SET ID --to DEST` sends it there from where it is")
    for place, verdict in result["checked"].items():
        word = "checked" if verdict["ok"] else "NOT GOOD"
        click.echo(f"  {word} at {place}: {verdict['message']}")
    for remark in evidence.get("remarks", []):
        click.echo(f"  remark: {remark}")
    _print_pruned(result)


def _measured(evidence: dict[str, Any]) -> str:
    """Nothing is known of a backup that was made before this Opsbook's time."""
    if not evidence:
        return ""
    size = format_size(evidence["stored_bytes"])
    # What its own program packs comes to us smaller than it is there.
    whole = format_size(evidence.get("estimated_bytes") or evidence["content_bytes"])
    return f": {size} of {whole} in {format_duration(evidence['duration_seconds'])}"


def _print_verdict(result: dict[str, Any]) -> None:
    verdict = result["verdict"]
    click.echo(f"  {result['backup']} at {result['destination']}: {verdict['message']}")
    evidence = verdict["evidence"]
    if "rto_seconds" in evidence:
        click.echo(f"  restored in {format_duration(evidence['rto_seconds'])} (RTO)")
        if evidence["rpo_seconds"] is not None:
            click.echo(f"  its state was {format_duration(evidence['rpo_seconds'])} old (RPO)")
        click.echo(f"  counts compared: {evidence['counts_compared']}")
        for each in evidence["assertions"]:
            click.echo(f"  {each['query']} -> {each['actual']}")
        for remark in evidence.get("remarks", []):
            click.echo(f"  remark: {remark}")


def _print_pruned(result: dict[str, Any]) -> None:
    for place, each in result["pruned"].items():
        for number, reason in each["gone"].items():
            click.echo(f"  removed {number} at {place}: {reason}")
        if each["error"]:
            click.echo(f"  nothing removed at {place}: {each['error']}")


def _set_row(each: dict[str, Any]) -> tuple[str, ...]:
    made = max(each["made_at"].values(), default="never")
    size = each["last"].get("stored_bytes")
    shown = "-" if size is None else format_size(size)
    proved = each["proved_at"] or ("never" if each["restore"] else "not asked for")
    return (each["state"], each["name"], made, shown, proved, each["why"])


def _copy_row(place: dict[str, Any], each: dict[str, Any]) -> tuple[str, ...]:
    verified = ", ".join(
        f"{depth} {text.partition(' ')[0]}" for depth, text in each["verified"].items()
    )
    told = each["problem"] or each["reason"]
    size = format_size(each["size_bytes"])
    kind = each["retention"] or "-"
    return (each["id"], place["destination"], kind, size, verified or "no", told)
