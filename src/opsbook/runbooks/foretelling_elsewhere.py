"""What a step would change on another host, told by the agent there."""

from collections.abc import Mapping
from dataclasses import asdict

from opsbook.core.errors import OpsbookError
from opsbook.core.secrets import mask
from opsbook.core.units import format_duration
from opsbook.durable.model import Cancellation, RunInfo, RunState, Submission
from opsbook.durable.port import Run
from opsbook.durable.values import Json
from opsbook.runbooks.action import Change
from opsbook.runbooks.foretelling import PATIENCE, foretold
from opsbook.runbooks.hands import Hands
from opsbook.runbooks.hosts import queue_of
from opsbook.runbooks.ids import short
from opsbook.runbooks.life import Life
from opsbook.runbooks.parcel import Parcel, packed
from opsbook.runbooks.passage import Passage

_SLACK = 2.0
"""Seconds in which an agent says what it has found."""


async def foretold_elsewhere(at: Passage, host: str) -> tuple[Change | None, str]:
    """As `foretold`: the change, none where nothing changes; and why that cannot be told."""
    about, runs = at.life.about, at.means.runs()
    parcel = packed(about, at.journey.snapshot, at.step, at.name, at.path, at.go, at.values)
    name = short(f"{about.run}.{about.round}.{at.path}.preview.{at.go}")
    wanted = Submission(name, queue_of(host), "preview", parcel, start_within=PATIENCE)
    await runs.submit(wanted)
    try:
        return _told(await runs.wait(name, 2 * PATIENCE + _SLACK), host)
    except TimeoutError:
        await runs.cancel(name, Cancellation("opsbook", "nobody waits for it any longer"))
        return None, f"host {host} took too long to find out"


async def preview_step(run: Run, value: Json, hands: Hands) -> Json:
    """The durable function `preview`: what an agent finds for who is asked for consent."""

    async def look() -> Json:
        try:
            parcel = Parcel.opened(value)
            life = Life(run, hands, parcel.about)
            context = life.context(parcel.path, f"{parcel.number}", parcel.revealed())
            change, why = await foretold(parcel.step.action, context)
        except OpsbookError as error:
            change, why = None, str(error)
        # Who is asked reads it where the secrets of this host are not known.
        shown = {name: mask(text) for name, text in asdict(change).items()} if change else None
        return {"change": shown, "why": mask(why)}

    return await run.step("look", look)


def _told(info: RunInfo, host: str) -> tuple[Change | None, str]:
    found = info.result
    if info.state is RunState.EXPIRED:
        within = format_duration(PATIENCE)
        return None, f"nobody on host {host} took a look within {within}: does its agent run?"
    if info.state is not RunState.SUCCEEDED or not isinstance(found, Mapping):
        return None, f"on host {host}: {info.error or info.state}"
    change, why = found["change"], str(found["why"])
    if isinstance(change, Mapping):
        return Change(*(str(change[each]) for each in ("what", "before", "after"))), why
    return None, f"on host {host}: {why}" if why else ""
