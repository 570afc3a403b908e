"""`python -m bench.console`: bytes, first paint and first chart, and what open tabs cost."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click
from tests.console.browser import chromium
from tests.console.stand import stand

from bench.console import hub, paint, size
from bench.machine import described, introduce, machine, versions
from bench.processes import scratch
from bench.service import build
from bench.table import print_table, say, write_json
from opsbook.state.people import Role

_PAGES: Mapping[str, str] = {
    "": paint.TILE,
    "services/api-gateway": paint.CHART,
    "explore?e=api_requests_total": paint.CHART,
}
_TABS = (1, 10, 50)
_CHECKS = (20, 1_000)


@click.command()
@click.option("--rounds", default=15, show_default=True, help="Times that each page is opened.")
@click.option("--seconds", default=10.0, show_default=True, help="Of each of ten looks at the CPU.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures here.")
def main(rounds: int, seconds: float, file: Path | None) -> None:
    """What the console costs the one who looks, and the watch."""
    found, of = machine(), versions()
    introduce(found, of)
    sizes = size.sizes()
    print_table("the console", size.HEAD, [each.row() for each in sizes])
    with scratch() as place:
        paints = _paints(place, rounds)
        print_table("in a browser", paint.HEAD, [each.row() for each in paints])
        costs = _costs(place, seconds)
    print_table("open tabs", hub.HEAD, [each.row() for each in costs])
    figures = {
        "sizes": [asdict(each) for each in sizes],
        "paints": [asdict(each) for each in paints],
        "costs": [asdict(each) for each in costs],
    }
    write_json(file, described(found, of) | figures)


def _paints(place: Path, rounds: int) -> list[paint.Paint]:
    say(f"opening {len(_PAGES)} pages of a living HelixFlow {rounds} times")
    with stand(place / "stand") as platform:
        shown = {"Authorization": f"Bearer {platform.tokens[Role.OPERATOR]}"}
        with chromium() as browser:
            return [
                paint.paint(browser, platform.address, path, content, shown, rounds)
                for path, content in _PAGES.items()
            ]


def _costs(place: Path, seconds: float) -> list[hub.HubCost]:
    program = build(place)
    return [
        hub.cost(program, place / f"{checks}-{tabs}", checks, tabs, seconds)
        for checks in _CHECKS
        for tabs in _TABS
    ]


main()
