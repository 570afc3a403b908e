"""Where a step stands in a run, unlike any other: `drain.items.3.restart`."""

from opsbook.runbooks.ids import short
from opsbook.runbooks.settings import StepSettings

_LONGEST = 100


def place(around: str, part: str) -> str:
    """Within another place; of one that is too long, the rest is a digest."""
    return short(f"{around}.{part}" if around else part, _LONGEST)


def called(step: StepSettings, number: int) -> str:
    """The name of a step by which others refer to it: its own, or its kind and number."""
    return step.name or f"{step.kind.replace('-', '_')}_{number}"
