"""`opsbook query EXPR`"""

import json
import time
from collections.abc import Sequence
from typing import Any

import click

from opsbook.cli.ask import address_of, ask
from opsbook.cli.data import data_option
from opsbook.core.errors import BadInputError
from opsbook.core.labels import format_labels, labels_of
from opsbook.core.units import parse_duration
from opsbook.state.datadir import DataDir

_BARS = "▁▂▃▄▅▆▇█"
_WIDTH = 60


@click.command()
@click.argument("expression")
@data_option
@click.option("--url", help="Ask this address instead of the one in the data directory.")
@click.option("--over", help="Show the time until now as a line of bars, such as 1h.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def query(expression: str, data: DataDir, url: str | None, over: str | None, as_json: bool) -> None:
    """Evaluate a PromQL EXPRESSION over what the watch has measured, now or over a time."""
    address = address_of(data, url)
    path, parameters = _question(expression, over)
    status, answer = ask(address, path, **parameters)
    if status != 200:
        raise BadInputError(f"{answer.get('errorType')}: {answer.get('error')}")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
        return
    for remark in [*answer.get("warnings", []), *answer.get("infos", [])]:
        click.echo(remark, err=True)
    _print(answer["data"])


def _question(expression: str, over: str | None) -> tuple[str, dict[str, str]]:
    if over is None:
        return "/api/v1/query", {"query": expression}
    try:
        seconds = parse_duration(over)
    except ValueError as error:
        raise BadInputError(f"--over {over}: {error}") from None
    now = time.time()
    step = max(seconds / _WIDTH, 1)
    asked = {"query": expression, "start": now - seconds, "end": now, "step": step}
    return "/api/v1/query_range", {name: str(value) for name, value in asked.items()}


def _print(data: dict[str, Any]) -> None:
    kind, result = data["resultType"], data["result"]
    if kind in ("scalar", "string"):
        click.echo(result[1])
        return
    if not result:
        click.echo("no data")
        return
    rows = [(format_labels(labels_of(each["metric"])), _shown(each)) for each in result]
    width = min(max(len(name) for name, _ in rows), 100)
    for name, shown in rows:
        click.echo(f"{name:<{width}}  {shown}")


def _shown(series: dict[str, Any]) -> str:
    if "value" in series:
        return str(series["value"][1])
    values = [float(value) for _, value in series["values"]]
    return f"{_bars(values)}  {values[-1]:g} (from {min(values):g} to {max(values):g})"


def _bars(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(
        _BARS[min(int((value - low) / span * len(_BARS)), len(_BARS) - 1)]
        if value == value
        else " "
        for value in values
    )
