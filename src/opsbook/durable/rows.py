"""What DBOS keeps of a run, as it is shown. Knows the names of its columns and not DBOS."""

from collections.abc import Mapping, Sequence
from typing import Any

from opsbook.durable.carried import step_info
from opsbook.durable.model import Cancellation, RunInfo, RunState, StepInfo
from opsbook.durable.port import UnknownRunError

STATES = {
    RunState.WAITING: ["ENQUEUED", "DELAYED"],
    RunState.RUNNING: ["PENDING"],
    RunState.SUCCEEDED: ["SUCCESS"],
    RunState.FAILED: ["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"],
    RunState.CANCELLED: ["CANCELLED"],
    RunState.EXPIRED: ["CANCELLED"],
}
ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


def run_info(status: Any, steps: tuple[StepInfo, ...] = ()) -> RunInfo:
    attributes = status.attributes or {}
    cancel = attributes.get("cancel")
    cancellation = Cancellation(**cancel) if cancel else None
    data = getattr(status.error, "data", None)
    stopped_at = attributes.get("stopped_at")
    if isinstance(data, Mapping):
        stopped_at = data.get("step")
    arguments = status.input["args"] if isinstance(status.input, Mapping) else ()
    return RunInfo(
        id=status.workflow_id,
        state=_state(status, cancellation),
        function=str(attributes.get("function")),
        queue=str(attributes.get("queue")),
        partition=attributes.get("partition"),
        input=arguments[0] if arguments else None,
        result=status.output,
        error=None if status.error is None else str(status.error),
        stopped_at=stopped_at,
        cancellation=cancellation,
        round=attributes.get("round", 0),
        version=status.app_version,
        submitted_at=attributes.get("submitted_at", 0.0),
        started_at=_seconds(status.dequeued_at),
        ended_at=_seconds(status.completed_at),
        steps=steps,
    )


def _state(status: Any, cancellation: Cancellation | None) -> RunState:
    if status.status == "CANCELLED" and cancellation is not None and cancellation.expired:
        return RunState.EXPIRED
    return next(state for state, theirs in STATES.items() if status.status in theirs)


def is_ours(step: Any) -> bool:
    return not step["function_name"].startswith("DBOS.")


def shown(step: Any) -> StepInfo:
    started, ended = step["started_at_epoch_ms"], step["completed_at_epoch_ms"]
    return step_info(step["function_name"], step["output"], started / 1000, ended / 1000)


def position(run_id: str, steps: Sequence[Any], at: str | None) -> int:
    """The number that DBOS gives to a step, or to the one after all."""
    if at is None:
        return max((int(step["function_id"]) for step in steps), default=0) + 1
    for step in steps:
        if step["function_name"] == at:
            return int(step["function_id"])
    raise UnknownRunError(f"run {run_id} has no step {at}")


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
