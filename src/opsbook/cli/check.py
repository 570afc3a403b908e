"""`opsbook check BOOK [NAME…]`"""

import asyncio
import json
from pathlib import Path
from typing import Any

import click
import uvloop

from opsbook.app.app import make_checks
from opsbook.app.book import read_book
from opsbook.cli.table import print_states
from opsbook.core.clock import SystemClock, iso
from opsbook.core.errors import BadInputError, hint_for
from opsbook.core.units import format_duration
from opsbook.probes.check import Check
from opsbook.probes.look import look_once
from opsbook.probes.model import Outcome, State, worst

_EXIT = {State.UP: 0, State.DEGRADED: 1, State.DOWN: 2, State.UNKNOWN: 3}
_MOST_AT_ONCE = 64


@click.command()
@click.argument("book", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def check(ctx: click.Context, book: Path, names: tuple[str, ...], as_json: bool) -> None:
    """Run the checks of BOOK once, all or those named, and say what they found.

    Exit code: 0 up, 1 degraded, 2 down, 3 unknown; the worst of all.
    """
    checks = make_checks(read_book(book))
    chosen = _choose(checks, names)
    outcomes = uvloop.run(_look(chosen))
    state = worst(outcome.state for outcome in outcomes.values())
    if as_json:
        click.echo(json.dumps(_as_json(state, chosen, outcomes), indent=2))
    else:
        print_states(_row(each, outcomes[each.name]) for each in chosen)
    ctx.exit(_EXIT[state])


def _choose(checks: list[Check], names: tuple[str, ...]) -> list[Check]:
    known = {each.name: each for each in checks}
    for name in names:
        if name not in known:
            raise BadInputError(f"no such check (got {name!r}), {hint_for(name, known)}")
    return [known[name] for name in names] if names else checks


async def _look(checks: list[Check]) -> dict[str, Outcome]:
    room = asyncio.Semaphore(_MOST_AT_ONCE)

    async def one(check: Check) -> Outcome:
        async with room:
            try:
                return await look_once(check, SystemClock())
            finally:
                await check.probe.close()

    outcomes = await asyncio.gather(*map(one, checks))
    return {check.name: outcome for check, outcome in zip(checks, outcomes, strict=True)}


def _row(check: Check, outcome: Outcome) -> tuple[str, str, str, str]:
    found = outcome.message or "; ".join(map(str, outcome.conditions)) or check.probe.subject
    return (outcome.state, check.name, format_duration(outcome.duration), found)


def _as_json(state: State, checks: list[Check], outcomes: dict[str, Outcome]) -> dict[str, Any]:
    return {
        "state": state,
        "checks": [
            {
                "name": check.name,
                "kind": check.settings.kind,
                "subject": check.probe.subject,
                "service": check.settings.service,
                "state": outcome.state,
                "at": iso(outcome.at),
                "duration_seconds": outcome.duration,
                "message": outcome.message,
                "measurements": outcome.measurements,
                "conditions": [
                    {
                        "measurement": each.measurement,
                        "rule": each.rule,
                        "actual": each.actual,
                        "state": each.state,
                    }
                    for each in outcome.conditions
                ],
            }
            for check in checks
            for outcome in (outcomes[check.name],)
        ],
    }
