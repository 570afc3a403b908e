"""The durable functions that carry runs: `runbook` for a run; for one of its steps on another host
`step`, and `preview` for what that would change."""

from collections.abc import Mapping

from opsbook.durable.model import Queue
from opsbook.durable.port import DurableFunction, Run
from opsbook.durable.values import Json
from opsbook.runbooks.elsewhere import carry_step
from opsbook.runbooks.foretelling_elsewhere import preview_step
from opsbook.runbooks.hands import Hands
from opsbook.runbooks.journey import Journey
from opsbook.runbooks.means import Means
from opsbook.runbooks.snapshot import Snapshot

VERSION = "1"
"""Of the steps that a run takes: raised when runs under way could not go on with this code."""
AT_ONCE = 50
RUNS = Queue("runs", at_once=AT_ONCE, poll=0.2)
"""Where runs wait: more than so many are not under way at once."""


def step_functions(hands: Hands) -> Mapping[str, DurableFunction]:
    """What an agent carries."""

    async def step(run: Run, value: Json) -> Json:
        return await carry_step(run, value, hands)

    async def preview(run: Run, value: Json) -> Json:
        return await preview_step(run, value, hands)

    return {"step": step, "preview": preview}


def run_functions(means: Means) -> Mapping[str, DurableFunction]:
    """What the controller carries."""

    async def runbook(run: Run, value: Json) -> Json:
        return await Journey(run, Snapshot.from_json(value), means).carry()

    return {"runbook": runbook, **step_functions(means.hands)}
