"""`opsbook alert list|history|ack|notices`"""

import json
from collections.abc import Sequence
from typing import Any

import click

from opsbook.cli.ask import address_of, ask, tell
from opsbook.cli.by import by_option
from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.core.errors import BadInputError
from opsbook.core.units import parse_duration
from opsbook.state.datadir import DataDir

_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
_url = click.option("--url", help="Ask this address instead of the one in the data directory.")


@click.group()
def alert() -> None:
    """What fires, what has fired, who works on it and who was told."""


@alert.command("list")
@data_option
@_url
@_json
def list_alerts(data: DataDir, url: str | None, as_json: bool) -> None:
    """Alerts that fire, longest first. Exit code 1 if there are any."""
    found = _asked(data, url, "/api/alerts")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif found:
        print_columns(("SINCE", "ALERT", "STATE", "RECEIVERS", "SUMMARY"), map(_row, found))
    else:
        click.echo("nothing fires")
    raise SystemExit(1 if found else 0)


@alert.command()
@data_option
@_url
@_json
@click.option("--name", help="Only alerts of this name.")
@click.option("--limit", default=100, show_default=True, help="How many at most.")
def history(data: DataDir, url: str | None, as_json: bool, name: str | None, limit: int) -> None:
    """Alerts that have ended, the newest first."""
    asked = {"limit": str(limit), **({"name": name} if name else {})}
    found = _asked(data, url, "/api/alerts/history", **asked)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = ((each["starts_at"], each["ends_at"], _named(each)) for each in found)
    print_columns(("FROM", "UNTIL", "ALERT"), rows)


@alert.command()
@click.argument("alerts", nargs=-1, required=True)
@data_option
@_url
@by_option
@click.option("--why", default="", help="What is done about it.")
@click.option("--assign", "assignee", default="", help="Who works on it, where not who says so.")
@click.option("--for", "length", help="Repeat it after this time all the same, such as 2h.")
def ack(
    alerts: tuple[str, ...],
    data: DataDir,
    url: str | None,
    by: str,
    why: str,
    assignee: str,
    length: str | None,
) -> None:
    """Acknowledge ALERTS, by name or fingerprint: they are not repeated until they end."""
    body = {
        "alerts": list(alerts),
        "by": by,
        "why": why,
        "assignee": assignee,
        "seconds": seconds_of(length, "--for"),
    }
    for each in tell(address_of(data, url), "/api/alerts/acknowledgements", body):
        click.echo(f"{each['name']} is acknowledged; {each['acknowledged']['assignee']} has it")


@alert.command()
@data_option
@_url
@_json
@click.option("--limit", default=50, show_default=True, help="How many at most.")
def notices(data: DataDir, url: str | None, as_json: bool, limit: int) -> None:
    """Who was told what, the newest first, and what the receivers answered."""
    found = _asked(data, url, "/api/notices", limit=str(limit))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = (
        (
            each["made_at"],
            each["status"],
            f"{each['receiver']} {each['entry']}",
            f"{each['told']} ({each['alerts']})",
            each["answer"],
        )
        for each in found
    )
    print_columns(("MADE", "STATUS", "RECEIVER", "TOLD", "ANSWER"), rows)


def seconds_of(length: str | None, option: str) -> float | None:
    """Raises BadInputError, which names the option."""
    try:
        return parse_duration(length) if length is not None else None
    except ValueError as error:
        raise BadInputError(f"{option} {length}: {error}") from None


def _asked(data: DataDir, url: str | None, path: str, **parameters: str) -> list[dict[str, Any]]:
    status, answer = ask(address_of(data, url), path, **parameters)
    if status != 200:
        raise BadInputError(f"refused: {answer}")
    found: list[dict[str, Any]] = answer
    return found


def _row(each: dict[str, Any]) -> Sequence[str]:
    annotations = each["annotations"]
    summary = annotations.get("summary") or annotations.get("description") or _labels(each)
    return each["starts_at"], each["name"], _state(each), ", ".join(each["receivers"]), summary


def _state(each: dict[str, Any]) -> str:
    if each["acknowledged"]:
        return f"acknowledged by {each['acknowledged']['by']}"
    if each["silenced_by"]:
        return "silenced"
    if each["inhibited_by"]:
        return "inhibited"
    return each["suppressed"] or "firing"


def _named(each: dict[str, Any]) -> str:
    return f"{each['name']} {_labels(each)}".rstrip()


def _labels(each: dict[str, Any]) -> str:
    pairs = (f"{name}={value}" for name, value in each["labels"].items() if name != "alertname")
    return " ".join(pairs)
