"""What happens, told line by line while it happens."""

import time

import click

from opsbook.core.events import Bus
from opsbook.core.units import format_duration
from opsbook.probes.events import CheckChanged
from opsbook.probes.model import State
from opsbook.services.events import (
    NeedsPerson,
    OrderFailed,
    RestartBegun,
    ServiceDied,
    ServiceOrdered,
    ServiceStarted,
    ServiceStopped,
    ServiceUnwell,
    ServiceVerified,
    VerificationFailed,
)


def tell(bus: Bus) -> None:
    """Print each event as one line with its local time."""
    bus.subscribe(ServiceStarted, _started)
    bus.subscribe(ServiceVerified, _verified)
    bus.subscribe(ServiceDied, _died)
    bus.subscribe(ServiceUnwell, _unwell)
    bus.subscribe(RestartBegun, _restart)
    bus.subscribe(VerificationFailed, _failed)
    bus.subscribe(NeedsPerson, _needs_person)
    bus.subscribe(ServiceOrdered, _ordered)
    bus.subscribe(ServiceStopped, _stopped)
    bus.subscribe(OrderFailed, _order_failed)
    bus.subscribe(CheckChanged, _changed)


def _started(event: ServiceStarted) -> None:
    _line("", "adopted" if event.adopted else "started", event.service, event.instance.name)


def _verified(event: ServiceVerified) -> None:
    entries = ", ".join(map(str, event.evidence))
    said = f"{event.state} {format_duration(event.after_start)} after its start"
    if event.after_trouble is not None:
        said += f", {format_duration(event.after_trouble)} after the failure was seen"
    _line("green", "verified", event.service, f"{said} (ledger {entries})")


def _died(event: ServiceDied) -> None:
    _line("red", "died", event.service, event.how)


def _unwell(event: ServiceUnwell) -> None:
    _line("red", "unwell", event.service, f"{event.check}: {event.message}")


def _restart(event: RestartBegun) -> None:
    _line("yellow", "restart", event.service, f"attempt {event.attempt}: {event.reason}")


def _failed(event: VerificationFailed) -> None:
    _line("red", "not back", event.service, event.reason)


def _needs_person(event: NeedsPerson) -> None:
    _line("red", "NEEDS A PERSON", event.service, event.reason)


def _ordered(event: ServiceOrdered) -> None:
    _line("", "ordered", event.service, f"{event.verb} by {event.by}: {event.why}")


def _stopped(event: ServiceStopped) -> None:
    _line("yellow", "stopped", event.service, f"by {event.by}: {event.why}")


def _order_failed(event: OrderFailed) -> None:
    _line("red", "not done", event.service, f"{event.verb} by {event.by}: {event.reason}")


def _changed(event: CheckChanged) -> None:
    colour = {State.UP: "green", State.DOWN: "red"}.get(event.after, "yellow")
    cause = f" because of {event.cause}" if event.cause else ""
    message = f": {event.outcome.message}" if event.outcome and event.outcome.message else ""
    flapping = " (flapping, held)" if event.flapping else ""
    said = f"{event.before} → {event.after}{cause}{flapping}{message}"
    if event.before is not State.UNKNOWN or event.after is not State.UP:
        _line(colour, "check", event.check, said)


def _line(colour: str, word: str, subject: str, said: str) -> None:
    now = time.time()
    stamp = time.strftime("%H:%M:%S", time.localtime(now)) + f".{int(now % 1 * 1000):03d}"
    shown = click.style(f"{word:<9}", fg=colour or None, bold=word.isupper())
    click.echo(f"{stamp}  {shown} {subject}: {said}")
