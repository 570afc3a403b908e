"""`python -m bench.checks`: how many HTTP checks, and for how much."""

from pathlib import Path

import click

from bench.checks import rate, steady
from bench.checks.blackbox import PROGRAM as BLACKBOX
from bench.checks.prometheus import PROGRAM as PROMETHEUS
from bench.machine import described, introduce, machine, versions
from bench.processes import scratch
from bench.service import build
from bench.table import say, write_json


@click.command()
@click.option("--seconds", default=60, show_default=True, type=click.IntRange(10, 3600))
@click.option("--quick", is_flag=True, help="Short: only to see that it works.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures here.")
def main(seconds: int, quick: bool, file: Path | None) -> None:
    """The most HTTP checks per second on one core, by opsbook, the blackbox exporter, curl and
    wrk; and what a thousand every ten seconds cost, by opsbook and by Prometheus.

    --seconds is how long the thousand are measured; each rate takes a sixth of it.
    """
    seconds = 10 if quick else seconds
    found = machine()
    of = versions(
        wrk=["wrk", "-v"],
        curl=["curl", "--version"],
        prometheus=[PROMETHEUS, "--version"],
        blackbox_exporter=[BLACKBOX, "--version"],
        cc=["cc", "--version"],
    )
    introduce(found, of)
    with scratch() as place:
        program = build(place)
        print(f"the server is a {program.made_of} program")
        say("the most checks per second")
        rates = rate.rates(program, place, seconds / 6)
        rate.print_rates(rates)
        say("a thousand checks every ten seconds")
        costs = steady.costs(program, place, seconds)
        steady.print_costs(costs)
    results = {"rates": rate.as_json(rates), "steady": steady.as_json(costs)}
    write_json(file, described(found, of) | {"server": program.made_of, **results})


main()
