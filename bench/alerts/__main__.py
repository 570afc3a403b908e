"""`python -m bench.alerts`: a storm of alerts, and a thousand rules."""

from pathlib import Path

import click

from bench.alerts import rules as evaluation
from bench.alerts import taking
from bench.alerts.contestant import ALERTMANAGER, Alertmanager, Contestant, Opsbook
from bench.machine import described, introduce, machine, versions
from bench.processes import scratch
from bench.table import say, write_json


@click.command()
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(1, 100))
@click.option("--quick", is_flag=True, help="One round: only to see that it works.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the figures here.")
def main(rounds: int, quick: bool, file: Path | None) -> None:
    """Alerts accepted, told and held by opsbook and by Alertmanager; and the evaluation of 1,000
    alerting rules by opsbook and by Prometheus.
    """
    rounds = 1 if quick else rounds
    found = machine()
    of = versions(alertmanager=[ALERTMANAGER, "--version"], prometheus=["prometheus", "--version"])
    introduce(found, of)
    contestants = [each for each in (Opsbook(), Alertmanager()) if _takes_part(each)]
    with scratch() as place:
        taken = taking.measured(contestants, place, rounds)
        taking.print_taking(taken)
        evaluated = evaluation.measured(place, 3 * rounds)
        evaluation.print_rules(evaluated)
    print("\nA machine that others use shows in the most more than in the least.")
    results = {"taking": taking.as_json(taken), "rules": evaluation.as_json(evaluated)}
    write_json(file, described(found, of) | results)


def _takes_part(contestant: Contestant) -> bool:
    if reason := contestant.missing():
        say(f"without {contestant.name}: {reason}")
        return False
    return True


main()
