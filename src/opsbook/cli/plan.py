"""A plan as people read it before they say yes."""

from collections.abc import Iterator
from typing import Any

import click

_MARKS = {True: click.style("would run", fg="green"), None: click.style("depends", fg="yellow")}


def print_plan(plan: dict[str, Any]) -> None:
    """Every step: what it would change, what proves it, what takes it back."""
    click.echo(f"{plan['runbook']}: class {plan['run_class']}, plan {plan['digest'][:12]}")
    for number, step in enumerate(plan["steps"], 1):
        mark = _MARKS.get(step["would_run"]) or click.style("would stop", fg="red")
        click.echo(f"{number:>3}  {step['path']}  {step['kind']} {step['subject']}")
        for word, text in _lines(step, mark):
            click.echo(f"     {word:<10}{text}")


def would_run(plan: dict[str, Any]) -> bool:
    """Whether nothing that is known now would keep it from its end."""
    return all(step["would_run"] is not False for step in plan["steps"])


def _lines(step: dict[str, Any], mark: str) -> Iterator[tuple[str, str]]:
    yield f"class {step['action_class']}", f"{mark}{step['reason'] and ': '}{step['reason']}"
    for name, found in step["prechecks"].items():
        yield "precheck", f"{name}: {found}"
    if change := step["change"]:
        yield "change", f"{change['what']}: {change['before']} → {change['after']}"
    for each in step["verified_by"]:
        yield "verify", each
    for each in step["rolled_back_by"]:
        yield "rollback", each
    if step["proven"] is False:
        yield "", click.style("this rollback is unproven: no drill has exercised it", fg="yellow")
    if step["no_rollback"]:
        yield "rollback", f"none: {step['no_rollback']}"
