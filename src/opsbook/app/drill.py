"""A drill: hurt one service of a watched platform and time the answer."""

import asyncio
import os
import signal
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from opsbook.app.app import App
from opsbook.core.errors import OpsbookError
from opsbook.probes.model import State
from opsbook.services.events import (
    NeedsPerson,
    ServiceDied,
    ServiceEvent,
    ServiceStarted,
    ServiceUnwell,
    ServiceVerified,
)
from opsbook.services.keeper import Keeper

Injection = Callable[[Keeper], Awaitable[None]]
"""Hurts the service of this keeper."""


class DrillError(OpsbookError):
    """The drill could not be carried out; nothing is known of the answer."""


@dataclass(frozen=True, slots=True)
class DrillResult:
    """Times in milliseconds, all but the first from the moment of the injection."""

    service: str
    bare_start_ms: float
    """From exec to well, without any watch: the service's own start time."""
    detected_ms: float | None
    started_ms: float | None
    verified_ms: float | None
    state: State
    message: str
    evidence: tuple[int, ...]
    """Numbers of the ledger entries that tell what happened."""


async def kill(keeper: Keeper) -> None:
    """SIGKILL to the service's main process."""
    assert keeper.instance is not None
    if keeper.instance.process is None:
        raise DrillError(f"{keeper.name} has no process that can be killed from here")
    os.kill(keeper.instance.process.pid, signal.SIGKILL)


async def measure_bare_start(app: App, service: str, times: int = 3) -> float:
    """The median time from exec to well in milliseconds, with nobody watching.

    To be called before `app.run`; what the service depends on is started and left running.
    """
    keeper = app.services.keepers[service]
    for needed in _below(app, service):
        await _start_bare(app.services.keepers[needed])
    measured = []
    for _ in range(times):
        await keeper.controller.stop()
        measured.append(await _start_bare(keeper))
    await keeper.controller.stop()
    return statistics.median(measured) * 1e3


async def drill(app: App, service: str, inject: Injection, bare_start_ms: float) -> DrillResult:
    """Hurt a verified service while `app` runs and wait until it is back or given up.

    Raises DrillError if the platform was not well to begin with.
    """
    keeper = app.services.keepers[service]
    await _wait_for_well(app)
    times: dict[type, float] = {}
    over: asyncio.Future[ServiceEvent] = asyncio.get_running_loop().create_future()

    def heard(event: ServiceEvent) -> None:
        if event.service == service:
            times.setdefault(type(event), time.perf_counter())
            if isinstance(event, ServiceVerified | NeedsPerson) and not over.done():
                over.set_result(event)

    app.bus.subscribe(ServiceEvent, heard)
    try:
        injected = time.perf_counter()
        await inject(keeper)
        end = await _until_over(over, keeper)
    finally:
        app.bus.unsubscribe(ServiceEvent, heard)

    def after(*kinds: type) -> float | None:
        at = min((times[kind] for kind in kinds if kind in times), default=None)
        return None if at is None else round((at - injected) * 1e3, 3)

    return DrillResult(
        service=service,
        bare_start_ms=round(bare_start_ms, 3),
        detected_ms=after(ServiceDied, ServiceUnwell),
        started_ms=after(ServiceStarted),
        verified_ms=after(ServiceVerified),
        state=end.state if isinstance(end, ServiceVerified) else keeper.state(),
        message=keeper.message,
        evidence=end.evidence if isinstance(end, ServiceVerified) else (),
    )


async def _until_over(over: "asyncio.Future[ServiceEvent]", keeper: Keeper) -> ServiceEvent | None:
    """The end of the story, or None when it takes longer than any of its attempts may."""
    policy = keeper.settings.restart
    patience = (policy.verify_within + max(policy.backoff)) * max(policy.at_most, 1) + 30
    done, _ = await asyncio.wait([over], timeout=patience)
    return over.result() if done else None


async def _start_bare(keeper: Keeper) -> float:
    """Seconds from the start of a service until its checks are well."""
    started = time.perf_counter()
    await keeper.controller.start()
    try:
        async with asyncio.timeout(keeper.settings.restart.verify_within):
            await keeper.look_until_well()
    except TimeoutError:
        raise DrillError(f"{keeper.name} does not get well by itself: {keeper.message}") from None
    return time.perf_counter() - started


async def _wait_for_well(app: App) -> None:
    for keeper in app.services.keepers.values():
        try:
            async with asyncio.timeout(keeper.settings.restart.verify_within * 2):
                await keeper.well.wait()
        except TimeoutError:
            raise DrillError(f"{keeper.name} is not well: {keeper.message}") from None


def _below(app: App, service: str) -> list[str]:
    """What a service depends on, directly or not, what is needed first before the rest."""
    found: dict[str, None] = {}
    for needed in app.services.keepers[service].settings.depends_on:
        found |= dict.fromkeys([*_below(app, needed), needed])
    return list(found)
