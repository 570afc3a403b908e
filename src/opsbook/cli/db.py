"""`opsbook db list|report|maintain|sign`"""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import click

from opsbook.cli.ask import Address, NotRunningError, address_of, ask, tell
from opsbook.cli.by import by_option
from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.core.units import format_duration, format_size
from opsbook.state.datadir import DataDir

_url = click.option("--url", help="Ask this address instead of the one in the data directory.")
_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
_EXIT = {"fine": 0, "over": 1, "unknown": 3}
_LOOK_EVERY = 0.2
_LONGEST_CELL = 60


@click.group()
def db() -> None:
    """How databases stand, and what keeps them well."""


@db.command("list")
@data_option
@_url
@_json
@click.pass_context
def list_databases(ctx: click.Context, data: DataDir, url: str | None, as_json: bool) -> None:
    """How the databases stand, as they were last seen.

    Exit code: 0 all fine, 1 one is over a limit or its maintenance failed or is overdue, 3
    something is not known or nobody answers.
    """
    address = address_of(data, url)
    found = _all(address)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif found:
        columns = ("LEVEL", "DATABASE", "KIND", "MAINTENANCE", "LAST", "NEXT", "SIGNED BY", "")
        print_columns(columns, [_listed(each) for each in found])
    else:
        click.echo("the book declares no databases")
    states = {each["level"] for each in found} | {_care(each)["state"] for each in found}
    ctx.exit(1 if states & {"over", "failed", "late"} else _EXIT["unknown"] * ("unknown" in states))


@db.command()
@click.argument("name")
@data_option
@_url
@_json
@click.pass_context
def report(ctx: click.Context, name: str, data: DataDir, url: str | None, as_json: bool) -> None:
    """Look at the database NAME now: figures, listings, and advice that nobody follows unasked.

    Exit code: 0 all fine, 1 over a limit, 3 something is not known or nobody answers.
    """
    found = tell(address_of(data, url), f"/api/databases/{quote(name)}/report", None, "GET")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        _print_report(found)
    ctx.exit(_EXIT[found["level"]])


@db.command()
@click.argument("name")
@data_option
@_url
@_json
@by_option
@click.option("--do", "really", is_flag=True, help="Do it; without this, it is only shown.")
@click.option("--confirm", default="", metavar="NAME", help="Do what is of class 2 as well.")
@click.option("--why", default="asked for by hand", help="Others will read it.")
@click.pass_context
def maintain(
    ctx: click.Context,
    name: str,
    data: DataDir,
    url: str | None,
    as_json: bool,
    by: str,
    really: bool,
    confirm: str,
    why: str,
) -> None:
    """Show what the maintenance of NAME would do, and with --do have it done.

    What deletes rows or locks others out is of class 2: type the name once more after --confirm.

    Exit code with --do: 0 everything was done, 1 something was not.
    """
    address = address_of(data, url)
    path = f"/api/databases/{quote(name)}"
    if not really:
        tasks = tell(address, f"{path}/plan", None, "GET")
        _print_plan(name, tasks, as_json)
        return
    tell(address, f"{path}/maintenance", {"by": by, "why": why, "confirm": confirm})
    ended = _follow(address, f"{path}/maintenance", quiet=as_json)
    if as_json:
        click.echo(json.dumps(ended, indent=2))
    else:
        click.echo(_summary(ended))
    ctx.exit(0 if ended["done"] else 1)


@db.command()
@click.argument("name")
@data_option
@_url
@by_option
@click.option("--why", default="read and agreed to", help="Others will read it.")
def sign(name: str, data: DataDir, url: str | None, by: str, why: str) -> None:
    """Consent, as an approver, to what the book asks for NAME being done by itself.

    What deletes rows or locks others out is of class 2, and waits for this. When the list or the
    database changes, it is unsigned again.
    """
    address = address_of(data, url)
    path = f"/api/databases/{quote(name)}"
    tasks = tell(address, f"{path}/plan", None, "GET")
    (found,) = [each for each in _all(address) if each["name"] == name]
    for line in _planned(tasks):
        click.echo(line)
    digest = _care(found)["digest"]
    signed = _care(tell(address, f"{path}/signature", {"by": by, "why": why, "digest": digest}))
    when = f"next {signed['next_at']}" if signed["next_at"] else "not by itself"
    click.echo(f"{name}: plan {digest[:12]} signed by {signed['signed_by']}; {when}")


def _all(address: Address) -> list[dict[str, Any]]:
    status, found = ask(address, "/api/databases")
    if status != 200:
        raise NotRunningError(f"{address} answered {status}: {found}")
    return list(found)


def _care(database: dict[str, Any]) -> dict[str, Any]:
    care: dict[str, Any] = database["maintenance"]
    return care


def _listed(each: dict[str, Any]) -> tuple[str, ...]:
    care = _care(each)
    said = "; ".join(part for part in (each["trouble"], care["why"]) if part)
    last, next_at = (care[name] or "-" for name in ("last_at", "next_at"))
    signed = care["signed_by"] or ("nobody" if care["needs_signature"] else "-")
    state = care["state"] or "by hand"
    return (each["level"], each["name"], each["kind"], state, last, next_at, signed, said)


def _follow(address: Address, path: str, quiet: bool) -> dict[str, Any]:
    """The maintenance when it is over; its results are told as they come."""
    told = 0
    while True:
        found: dict[str, Any] = tell(address, path, None, "GET")
        if not quiet:
            for each in found["results"][told:]:
                click.echo(_result(each))
        told = len(found["results"])
        if found["ended_at"] is not None:
            return found
        time.sleep(_LOOK_EVERY)


def _result(each: dict[str, Any]) -> str:
    changes = [
        f"{name}: {shown(name, before)} → {shown(name, each['after'].get(name))}"
        for name, before in each["before"].items()
        if before != each["after"].get(name)
    ]
    said = "; ".join([part for part in (each["said"], *changes) if part])
    took = format_duration(each["seconds"])
    return f"{each['end']:<8} {each['task']} ({took})" + (f": {said}" if said else "")


def _summary(ended: dict[str, Any]) -> str:
    count = sum(each["end"] == "done" for each in ended["results"])
    lines = [f"{ended['database']}: {count} of {len(ended['tasks'])} tasks done"]
    if ended["trouble"]:
        lines.append(f"  {ended['trouble']}")
    for name, before in ended["before"].items():
        after = ended["after"].get(name)
        if before != after:
            lines.append(f"  {name}: {shown(name, before)} → {shown(name, after)}")
    return "\n".join(lines)


def _print_plan(name: str, tasks: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(tasks, indent=2))
        return
    if not tasks:
        click.echo("nothing to do")
        return
    for line in _planned(tasks):
        click.echo(line)
    confirm = f" --confirm {name}" if any(each["action_class"] >= 2 for each in tasks) else ""
    click.echo(f"nothing was changed; do it with: opsbook db maintain {name} --do{confirm}")


def _planned(tasks: Sequence[dict[str, Any]]) -> Iterator[str]:
    for each in tasks:
        head = f"class {each['action_class']}  {each['name']}"
        yield head + (f": {each['preview']}" if each["preview"] else "")
        for text in each["statements"]:
            yield f"           {text}"
        if each["needs"]:
            yield f"  needs    {each['needs']}"
        if each["refused"]:
            yield f"  refused  {each['refused']}"


def _print_report(found: dict[str, Any]) -> None:
    click.echo(f"{found['name']}: {found['level']}  ({found['kind']} {found['subject']})")
    if found["trouble"]:
        click.echo(f"  {found['trouble']}")
    care = _care(found)
    if care["state"]:
        click.echo(f"  maintenance: {care['state']}" + f", {care['why']}".removesuffix(", "))
    if found["figures"]:
        rows = [_figure(each) for each in found["figures"]]
        print_columns(("LEVEL", "FIGURE", "VALUE", "LIMIT", ""), rows)
    for listing in found["listings"]:
        _print_listing(listing)
    for each in found["advice"]:
        click.echo(f"\nadvice, class {each['action_class']}: {each['statement']}\n  {each['why']}")


def _figure(each: dict[str, Any]) -> tuple[str, ...]:
    limit = "-" if each["limit"] is None else shown(each["name"], each["limit"])
    return (each["level"], each["name"], shown(each["name"], each["value"]), limit, each["why"])


def _print_listing(listing: dict[str, Any]) -> None:
    if not listing["rows"]:
        return
    click.echo(f"\n{listing['name'].replace('_', ' ')}" + f"  {listing['why']}".rstrip())
    columns = listing["columns"]
    rows = [
        [_cut(shown(name, cell)) for name, cell in zip(columns, row, strict=True)]
        for row in listing["rows"]
    ]
    print_columns([name.upper() for name in columns], rows)


def shown(name: str, value: Any) -> str:
    """A value by the unit that its name ends with; what is not known is a question mark."""
    if value is None:
        return "?"
    if isinstance(value, str | bool):
        return str(value)
    if name.endswith("_bytes"):
        return format_size(value)
    if name.endswith("seconds"):
        return format_duration(value)
    if name.endswith("_percent"):
        return f"{value:.1f} %"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…"
