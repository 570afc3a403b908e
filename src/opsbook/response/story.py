"""What a run tried and what was seen, in a line for whoever is told."""

from collections.abc import Iterator, Mapping

from opsbook.durable.model import RunState
from opsbook.durable.values import Json
from opsbook.runbooks.fitting import head
from opsbook.runbooks.model import RunView, StepView

_LONGEST = 2000
_SHOWN = 8
"""Values of what one step saw."""


def proved(view: RunView) -> bool:
    """Whether it changed something and its proofs hold; looking alone mends nothing."""
    steps = _outermost(view)
    changed = any(step.state == "done" and step.action_class > 0 for step in steps)
    failed = any(step.state in ("failed", "rolled back") for step in steps)
    return view.state is RunState.SUCCEEDED and changed and not failed


def trouble(view: RunView) -> str:
    """Why it does not count as a fix."""
    if view.cancellation is not None:
        return f"cancelled by {view.cancellation.by}: {view.cancellation.reason}"
    errors = [step.error for step in _outermost(view) if step.state == "failed" and step.error]
    if said := next(iter(errors), view.error):
        return head(said, _LONGEST)
    ended = "it changed nothing" if view.state is RunState.SUCCEEDED else "it did not succeed"
    return ended if view.state.ended else "it has not ended"


def story(view: RunView) -> str:
    """Each step with what became of it, what proved it, and what was seen."""
    steps = "; ".join(map(_step, _outermost(view)))
    return head(f"{view.runbook} (run {view.id}): {steps or 'nothing was begun'}", _LONGEST)


def _outermost(view: RunView) -> list[StepView]:
    return [step for step in view.steps if "." not in step.path]


def _step(step: StepView) -> str:
    text = f"{step.path} ({step.subject}) {step.state}"
    if step.error:
        text += f": {step.error}"
    seen = [f"{name} {value}" for name, value in _flat("", step.verified) if str(value) not in text]
    if seen:
        more = ", …" if len(seen) > _SHOWN else ""
        text += f", seen: {', '.join(seen[:_SHOWN])}{more}"
    return text


def _flat(name: str, value: Json) -> Iterator[tuple[str, Json]]:
    """`{"health": {"state": "up"}}` as `health.state`."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _flat(f"{name}.{key}" if name else key, each)
    elif not isinstance(value, list) and value not in (None, ""):
        yield name, value
