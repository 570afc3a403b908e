"""`opsbook rules`: Prometheus' rule files and their unit tests, without a Prometheus."""

import logging
from pathlib import Path

import click

from opsbook.alerts.rules.check import template_problems
from opsbook.alerts.rules.unit.run import run_tests
from opsbook.book.problems import BookError
from opsbook.metrics.rules.file import read_rules, remarks_on
from opsbook.metrics.rules.spec import RuleFile


@click.group()
def rules() -> None:
    """Check and test rule files of Prometheus."""


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
