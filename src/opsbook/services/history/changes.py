"""What an entry of the ledger changes about a check or a service.

There may be very many; plain tuples are made in half the time.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from opsbook.probes.model import State

WATCH_KINDS = ("watch.started", "watch.stopped")
CHECK_KIND = "check.changed"
SERVICE_KINDS = (
    "service.started",
    "service.adopted",
    "service.verified",
    "service.died",
    "service.unwell",
    "service.restart",
    "service.restart_failed",
    "service.needs_person",
    "service.ordered",
    "service.order_failed",
    "service.stopped",
)


class Record(NamedTuple):
    """An entry, as far as it matters here. `at` is in seconds since 1970."""

    seq: int
    at: float
    kind: str
    subject: str
    actor: str
    body: Mapping[str, Any]


class Change(NamedTuple):
    """From here on another state is held, or the same for another reason."""

    at: float
    held: State | None
    """None where nothing is known: nobody watched, or it was only being started."""
    state: State
    """What the entry itself tells, such as that one check is down."""
    check: str | None
    message: str
    entry: int
    """Its number in the ledger."""


def checked(body: Mapping[str, Any]) -> State:
    """The state of a check after its change. Trouble in maintenance counts as that."""
    state = State(body["after"])
    return State.MAINTENANCE if body["maintenance"] and state is not State.UP else state
