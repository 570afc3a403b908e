"""`opsbook status`: answers within 150 ms, so nothing heavy is imported here."""

import json
from typing import Any

import click

from opsbook.cli.ask import NotRunningError, address_of, ask
from opsbook.cli.data import data_option
from opsbook.cli.table import COLOURS, print_states
from opsbook.state.datadir import DataDir

_EXIT = {"up": 0, "maintenance": 0, "degraded": 1, "late": 1, "down": 2, "unknown": 3}


@click.command()
@data_option
@click.option("--url", help="Ask this address instead of the one in the data directory.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
def status(ctx: click.Context, data: DataDir, url: str | None, as_json: bool) -> None:
    """Ask the running watch how the platform stands, worst first.

    Exit code: 0 up, 1 degraded or late, 2 down, 3 unknown or not running.
    """
    address = address_of(data, url)
    code, answer = ask(address, "/api/status")
    if code != 200:
        raise NotRunningError(f"{address} answered {code}: {answer}")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        _print(answer)
    ctx.exit(_EXIT[answer["state"]])


def _print(answer: dict[str, Any]) -> None:
    state = click.style(answer["state"].upper(), fg=COLOURS[answer["state"]], bold=True)
    click.echo(f"{answer['platform']} is {state} at {answer['at']}")
    if answer["ledger"]["trouble"]:
        waiting = answer["ledger"]["waiting"]
        click.echo(f"ledger: {answer['ledger']['trouble']}; {waiting} entries wait in memory")
    if answer["runs"]["trouble"]:
        click.echo(f"runs: {answer['runs']['trouble']}")
    if answer["runs"]["stranded"]:
        stranded = ", ".join(answer["runs"]["stranded"])
        click.echo(f"runs of another version, cancel and resume them: {stranded}")
    click.echo("\nservices")
    print_states(
        (each["state"], each["name"], each["phase"], _service_text(each))
        for each in answer["services"]
    )
    click.echo("\nchecks")
    print_states((each["state"], each["name"], _check_text(each)) for each in answer["checks"])
    if answer["hosts"]:
        click.echo("\nhosts")
        print_states((each["state"], each["name"], each["message"]) for each in answer["hosts"])
    if answer["drills"]:
        click.echo("\ndrills")
        print_states(
            (each["state"], each["name"], each["standing"], each["message"])
            for each in answer["drills"]
        )
    if answer["backups"]:
        click.echo("\nbackups")
        print_states(
            (each["state"], each["name"], each["standing"], each["message"])
            for each in answer["backups"]
        )
    if answer["databases"]:
        click.echo("\ndatabases")
        print_states((each["state"], each["name"], each["message"]) for each in answer["databases"])


def _service_text(service: dict[str, Any]) -> str:
    parts = [service["instance"] or "no process", service["message"]]
    if service["restarts"]:
        parts.append(f"{service['restarts']} restarts, {service['restarts_left']} left")
    return "; ".join(filter(None, parts))


def _check_text(check: dict[str, Any]) -> str:
    text: str = check["message"] or check["subject"]
    flapping = "flapping; " if check["flapping"] else ""
    cause = f"because of {check['cause']}: " if check["cause"] else ""
    return flapping + cause + text
