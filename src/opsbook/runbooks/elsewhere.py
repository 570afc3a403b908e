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
from opsbook.runbooks.life import Life
from opsbook.runbooks.means import Means
from opsbook.runbooks.parcel import Parcel, packed
from opsbook.runbooks.relaying import Relaying
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
    submission = Submission(
        short(f"{about.run}.{about.round}.{trial.path}.{trial.number}"),
        queue_of(host),
        "step",
        packed(about, snapshot, trial.step, trial.name, trial.path, trial.number, values),
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
    parcel = Parcel.opened(value)
    trial = Try(
        Life(run, hands, parcel.about),
        parcel.step,
        parcel.name,
        parcel.path,
        parcel.number,
        parcel.values,
        Elsewhere(),
    )

    async def carry() -> Json:
        return await settled(lambda: _with_secrets(trial, parcel))

    if hands.output is None:
        envelope = await carry()
    else:
        job = trial.life.context(trial.path, f"{trial.number}", {}).job_id
        envelope = await Relaying(hands.jobs, job, hands.output).around(carry)
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


async def _with_secrets(trial: Try, parcel: Parcel) -> dict[str, Json]:
    trial.values = parcel.revealed()
    return await trial.carry()
