"""A try of a step on another host: a run of its own, for the agent there."""

import asyncio
from collections.abc import Mapping
from typing import Any

from opsbook.core.units import format_duration
from opsbook.durable.model import Cancellation, RunInfo, RunState, Submission
from opsbook.durable.port import Run, Runs
from opsbook.durable.values import Json
from opsbook.runbooks.envelope import opened, settled
from opsbook.runbooks.hands import Hands
from opsbook.runbooks.hosts import queue_of
from opsbook.runbooks.ids import short
from opsbook.runbooks.life import About, Life
from opsbook.runbooks.means import Means
from opsbook.runbooks.revealed import Revealed
from opsbook.runbooks.settings import runbook_type
from opsbook.runbooks.snapshot import Snapshot
from opsbook.runbooks.trying import Elsewhere, Try

_SLACK = 300.0
"""Seconds beyond what the step itself may take, for an agent that is started again."""
_LOOK_EVERY = 2.0


async def carried_elsewhere(
    trial: Try, host: str, means: Means, snapshot: Snapshot, values: Mapping[str, Any]
) -> dict[str, Json]:
    """The result, as if it had been carried out here."""
    about = trial.life.about
    secrets = {name: each.reference for name, each in values.items() if isinstance(each, Revealed)}
    submission = Submission(
        short(f"{about.run}.{about.round}.{trial.path}.{trial.number}"),
        queue_of(host),
        "step",
        {
            "snapshot": snapshot.as_json(),
            "run": about.run,
            "round": about.round,
            "step": trial.step.written,
            "name": trial.name,
            "path": trial.path,
            "number": trial.number,
            "values": {name: each for name, each in values.items() if name not in secrets},
            "secrets": secrets,
        },
        start_within=trial.step.start_within,
    )

    async def carry() -> Json:
        runs = means.runs()
        await runs.submit(submission)
        info = await _end_of(runs, submission.id, trial)
        return _told(info, host, trial.step.start_within)

    envelope = await trial.life.once(f"{trial.path}:host.{trial.number}", carry, finish=False)
    assert isinstance(envelope, Mapping)
    trial.begun = bool(envelope.get("begun", True))
    trial.found, trial.proof = envelope.get("found"), envelope.get("proof")
    return opened(envelope)


async def carry_step(run: Run, value: Json, hands: Hands) -> Json:
    """The durable function `step`: what an agent carries out for a run of the controller."""
    assert isinstance(value, Mapping)
    given: Mapping[str, Any] = value
    snapshot = Snapshot.from_json(given["snapshot"])
    about = About(given["run"], given["round"], snapshot.by, snapshot.why)
    step = _step(given["step"], snapshot)
    trial = Try(
        Life(run, hands, about),
        step,
        given["name"],
        given["path"],
        given["number"],
        given["values"],
        Elsewhere(),
    )
    envelope = await settled(lambda: _with_secrets(trial, given["secrets"]))
    assert isinstance(envelope, Mapping)
    return {**envelope, "begun": trial.begun, "found": trial.found, "proof": trial.proof}


async def _end_of(runs: Runs, child: str, trial: Try) -> RunInfo | None:
    """How it ended, or None where nobody said so in time."""
    step = trial.step
    proof = step.verify.within if step.verify is not None else 0.0
    deadline = step.start_within + step.within + proof + _SLACK
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    while loop.time() < end:
        if trial.life.run.stopping.is_set():
            await runs.cancel(child, Cancellation(trial.life.about.by, "its run was cancelled"))
        try:
            return await runs.wait(child, _LOOK_EVERY)
        except TimeoutError:
            continue
    await runs.cancel(child, Cancellation("opsbook", "its run waits no longer"))
    return None


def _told(info: RunInfo | None, host: str, start_within: float) -> Json:
    if info is None:
        return {"unknown": f"nobody on host {host} said how it ended; look there"}
    match info.state:
        case RunState.SUCCEEDED:
            return info.result
        case RunState.EXPIRED:
            within = format_duration(start_within)
            words = (
                f"nobody on host {host} took it within {within}: does `opsbook agent` run there?"
            )
            return {"failed": words, "result": {}, "begun": False}
        case RunState.CANCELLED:
            return {"failed": f"stopped on host {host}, as the run was cancelled", "result": {}}
        case _:
            return {"unknown": f"on host {host}: {info.error}"}


async def _with_secrets(trial: Try, secrets: Mapping[str, str]) -> dict[str, Json]:
    """They are revealed where they are used, from what this host holds."""
    held = {name: Revealed.of(reference) for name, reference in secrets.items()}
    trial.values = {**trial.values, **held}
    return await trial.carry()


def _step(written: Any, snapshot: Snapshot) -> Any:
    """The step, filled again within a runbook of its own."""
    context = {"directory": snapshot.directory}
    return runbook_type().model_validate({"steps": [written]}, context=context).steps[0]
