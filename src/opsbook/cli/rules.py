"""`opsbook rules`: Prometheus' rule files and their unit tests, without a Prometheus."""

import json
import logging
from pathlib import Path
from typing import Any

import click

from opsbook.alerts.rules.check import template_problems
from opsbook.alerts.rules.unit.run import run_tests
from opsbook.book.problems import BookError
from opsbook.cli.ask import NotRunningError, address_of, ask
from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.metrics.rules.file import read_rules, remarks_on
from opsbook.metrics.rules.spec import RuleFile
from opsbook.state.datadir import DataDir


@click.group()
def rules() -> None:
    """Check and test rule files of Prometheus, and see how those stand that run."""


@rules.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...]) -> None:
    """Find everything that is wrong with FILES: each error with its place and the remedy.

    Exit code 0 if nothing is wrong, 1 if something is. A remark, on what is allowed and can
    hardly be meant, changes nothing about that.
    """
    well = [_is_well(file) for file in files]
    ctx.exit(0 if all(well) else 1)


@rules.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
def test(ctx: click.Context, files: tuple[Path, ...]) -> None:
    """Run FILES of unit tests, as promtool has them, and say what came otherwise.

    Time is only a number there: nothing waits. Exit code 0 if everything came as expected, 1 if
    something did not or cannot be read.
    """
    logging.getLogger("opsbook.metrics.rules").setLevel(logging.ERROR)  # it is told below
    passed = [_passes(file) for file in files]
    ctx.exit(0 if all(passed) else 1)


@rules.command("list")
@data_option
@click.option("--url", help="Ask this address instead of the one in the data directory.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.pass_context
def list_rules(ctx: click.Context, data: DataDir, url: str | None, as_json: bool) -> None:
    """Ask the running watch for its rules and whether what they ask for is measured.

    A rule whose series were never there is silent whatever happens. Exit code 1 if there is one,
    or one that failed.
    """
    status, found = ask(address_of(data, url), "/api/rules")
    if status != 200:
        raise NotRunningError(f"refused: {found}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        print_columns(("STANDING", "GROUP", "RULE", "WHY"), map(_row, found))
    ctx.exit(int(any(each["standing"] in ("error", "never had data") for each in found)))


def _row(rule: dict[str, Any]) -> tuple[str, str, str, str]:
    never = [each["text"] for each in rule["selectors"] if not each["ever"]]
    lately = [each["text"] for each in rule["selectors"] if each["ever"] and not each["lately"]]
    why = rule["error"] or ", ".join(
        [f"never measured: {text}" for text in never]
        + [f"not measured lately: {text}" for text in lately]
    )
    return rule["standing"], rule["group"], rule["rule"], why


def _passes(file: Path) -> bool:
    outcome = run_tests(file)
    for remark in outcome.remarks:
        click.echo(f"remark: {remark}", err=True)
    for problem in outcome.problems:
        click.echo(str(problem), err=True)
    if outcome.problems:
        click.echo(f"{file}: failed: {_count(len(outcome.problems), 'problem')}")
        return False
    evaluated = _count(outcome.evaluations, "evaluation")
    click.echo(f"{file}: {_count(outcome.tests, 'test')} passed, {evaluated}")
    return True


def _is_well(file: Path) -> bool:
    try:
        found = read_rules(file, template_problems)
    except BookError as error:
        click.echo(str(error), err=True)
        return False
    for remark in remarks_on(file):
        click.echo(f"remark: {remark}", err=True)
    click.echo(f"{file}: {_counted(found)}: nothing wrong")
    return True


def _counted(found: RuleFile) -> str:
    rules = [rule for group in found.groups for rule in group.rules]
    alerting = sum(bool(rule.alert) for rule in rules)
    return (
        f"{_count(len(found.groups), 'group')}, {_count(len(rules), 'rule')} "
        f"({len(rules) - alerting} recording, {alerting} alerting)"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
