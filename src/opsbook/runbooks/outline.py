"""The steps of a runbook as the book writes them, for who wants to know what it does."""

from collections.abc import Sequence

from opsbook.runbooks.model import OutlinedStep
from opsbook.runbooks.place import called
from opsbook.runbooks.settings import StepSettings


def outline(steps: Sequence[StepSettings]) -> tuple[OutlinedStep, ...]:
    """Subjects are never secrets, and templates in them are not filled in."""
    return tuple(_outlined(step, number) for number, step in enumerate(steps, 1))


def _outlined(step: StepSettings, number: int) -> OutlinedStep:
    return OutlinedStep(
        called(step, number),
        step.kind,
        step.action.subject,
        step.description,
        step.action_class,
        str(step.if_ or ""),
        _told(step.verify.steps if step.verify else ()),
        _told(step.rollback),
        step.no_rollback,
    )


def _told(steps: Sequence[StepSettings]) -> tuple[str, ...]:
    return tuple(each.action.subject for each in steps)
