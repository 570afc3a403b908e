"""`opsbook incident list|show|open|ack|note|status|close|measures`"""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import click

from opsbook.cli.ask import address_of, ask, tell
from opsbook.cli.by import by_option
from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.core.errors import BadInputError
from opsbook.core.units import format_duration
from opsbook.state.datadir import DataDir

_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
_url = click.option("--url", help="Ask this address instead of the one in the data directory.")
_STATES = ("open", "acknowledged", "recovered", "closed")


def _changes(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of all commands that change an incident."""
    for option in (_json, by_option, _url, data_option):
        command = option(command)
    return command


@click.group()
def incident() -> None:
    """What people deal with: who has it, what happened, and what was learned."""


@incident.command("list")
@data_option
@_url
@_json
@click.option("--state", multiple=True, type=click.Choice(_STATES), help="Only of this state.")
@click.option("--severity", help="Only of this severity.")
@click.option("--all", "everything", is_flag=True, help="Those that are closed, too.")
@click.option("--limit", default=100, show_default=True, help="How many at most.")
def list_incidents(
    data: DataDir,
    url: str | None,
    as_json: bool,
    state: tuple[str, ...],
    severity: str | None,
    everything: bool,
    limit: int,
) -> None:
    """Incidents, the newest first. Exit code 1 if one of them is open or acknowledged."""
    wanted = [("state", each) for each in (_STATES if everything else state)]
    given = [("severity", severity)] if severity else []
    query = urlencode([*wanted, *given, ("limit", str(limit))])
    found = _asked(data, url, f"/api/incidents?{query}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif found:
        print_columns(("ID", "SEVERITY", "STATE", "OPENED", "OWNER", "TITLE"), map(_row, found))
    else:
        click.echo("no incidents")
    raise SystemExit(1 if any(each["state"] in _STATES[:2] for each in found) else 0)


@incident.command()
@click.argument("number")
@data_option
@_url
@_json
def show(number: str, data: DataDir, url: str | None, as_json: bool) -> None:
    """The incident NUMBER, what it still lacks, and all that happened around it."""
    found = _asked(data, url, f"/api/incidents/{quote(number)}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(f"{found['id']}  {found['severity']}  {found['state']}: {found['title']}")
    for name, said in _facts(found):
        click.echo(f"  {name:<13} {said}")
    for entry in found["timeline"]:
        said = _told(entry["body"])
        click.echo(f"{entry['at']}  {entry['kind']:<22} {entry['subject']}  {said}".rstrip())


@incident.command("open")
@click.argument("title")
@click.option("--severity", required=True, help="How bad it is, such as critical or P1.")
@click.option("--service", "services", multiple=True, help="What it is about; may be repeated.")
@click.option("--description", default="", help="What is known.")
@_changes
def open_incident(
    title: str,
    severity: str,
    services: tuple[str, ...],
    description: str,
    data: DataDir,
    url: str | None,
    by: str,
    as_json: bool,
) -> None:
    """Open an incident: TITLE says what is wrong."""
    body = {
        "title": title,
        "severity": severity,
        "services": list(services),
        "description": description,
        "by": by,
    }
    _say(tell(address_of(data, url), "/api/incidents", body), as_json)


@incident.command()
@click.argument("number")
@click.option("--note", default="", help="What is done about it.")
@_changes
def ack(number: str, note: str, data: DataDir, url: str | None, by: str, as_json: bool) -> None:
    """Take the incident NUMBER: nobody else is paged, and its alerts are not repeated."""
    _change(data, url, number, "ack", {"note": note, "by": by}, as_json)


@incident.command()
@click.argument("number")
@click.argument("text")
@_changes
def note(number: str, text: str, data: DataDir, url: str | None, by: str, as_json: bool) -> None:
    """Add the remark TEXT to the incident NUMBER."""
    _change(data, url, number, "note", {"text": text, "by": by}, as_json)


@incident.command()
@click.argument("number")
@click.argument("text")
@click.option("--public", is_flag=True, help="Also on the status page, word for word.")
@_changes
def status(
    number: str,
    text: str,
    public: bool,
    data: DataDir,
    url: str | None,
    by: str,
    as_json: bool,
) -> None:
    """Tell whoever was paged for the incident NUMBER how it stands: TEXT."""
    _change(data, url, number, "status", {"text": text, "by": by, "public": public}, as_json)


@incident.command()
@click.argument("number")
@click.option("--resolution", required=True, help="What was done.")
@click.option("--lessons", default="", help="What was learned.")
@click.option("--unrecovered", is_flag=True, help="Though its checks do not say that it is over.")
@_changes
def close(
    number: str,
    resolution: str,
    lessons: str,
    unrecovered: bool,
    data: DataDir,
    url: str | None,
    by: str,
    as_json: bool,
) -> None:
    """Close the incident NUMBER."""
    body = {
        "resolution": resolution,
        "lessons": lessons,
        "unrecovered": unrecovered,
        "by": by,
    }
    _change(data, url, number, "close", body, as_json)


@incident.command()
@data_option
@_url
@_json
@click.option("--days", default=30.0, show_default=True, help="How far to look back.")
def measures(data: DataDir, url: str | None, as_json: bool, days: float) -> None:
    """How fast trouble was seen, answered and mended."""
    found = _asked(data, url, f"/api/incidents/measures?{urlencode({'days': days})}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    success = found["change_success_percent"]
    click.echo(f"incidents               {found['incidents']} in {days:g} days")
    for name in ("detect", "acknowledge", "recover", "between_failures"):
        shown = _length(found[f"{name}_seconds"])
        click.echo(f"{'time ' + _NAMES[name]:<23} {shown}")
    click.echo(f"starts that were proved {_NOT if success is None else f'{success:.4g} %'}")


_NOT = "not measured"
_NAMES = {
    "detect": "to detect",
    "acknowledge": "to acknowledge",
    "recover": "to recover",
    "between_failures": "between failures",
}


def _length(seconds: float | None) -> str:
    return _NOT if seconds is None else format_duration(seconds)


def _asked(data: DataDir, url: str | None, path: str) -> Any:
    status, answer = ask(address_of(data, url), path)
    if status != 200:
        said = answer.get("detail", answer) if isinstance(answer, dict) else answer
        raise BadInputError(f"refused: {said}")
    return answer


def _change(
    data: DataDir, url: str | None, number: str, verb: str, body: dict[str, Any], as_json: bool
) -> None:
    _say(tell(address_of(data, url), f"/api/incidents/{quote(number)}/{verb}", body), as_json)


def _say(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    owner = f"; {found['owner']} has it" if found["owner"] else ""
    click.echo(f"{found['id']} is {found['state']}{owner}")


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    keys = ("id", "severity", "state", "opened_at", "owner", "title")
    return tuple(each[key] or "-" for key in keys)


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    """What is known of it, in the order in which people need it."""
    following = f"{found['next_level']} at {found['next_page_at']}" if found["next_level"] else ""
    facts = [
        ("missing", "; ".join(found["missing"])),
        ("services", ", ".join(found["services"])),
        ("owner", found["owner"]),
        ("answer by", found["respond_by"] if found["state"] == "open" else ""),
        ("paged", ", ".join(found["paged"])),
        ("paged next", following),
        ("part of", found["part_of"]),
        ("resolution", found["resolution"]),
        ("lessons", found["lessons"]),
    ]
    return [(name, said) for name, said in facts if said]


def _told(body: dict[str, Any]) -> str:
    """The parts of an entry that a person reads at a glance."""
    shown = ("what", "why", "text", "note", "level", "reason", "message", "how", "resolution")
    return "; ".join(str(body[key]) for key in shown if body.get(key))
