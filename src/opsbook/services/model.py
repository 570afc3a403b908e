"""What runs, and how it ended."""

import signal
from dataclasses import dataclass

from opsbook.core.procfs import ProcessIdentity


@dataclass(frozen=True, slots=True)
class Instance:
    """One running life of a service."""

    name: str
    """What the manager calls it, for people: `pid 4711`, a unit, a container."""
    process: ProcessIdentity | None
    """Its main process, where there is one that this machine can see."""


@dataclass(frozen=True, slots=True)
class Death:
    """The end of an instance that nobody asked for."""

    how: str
    """`killed by SIGKILL`, `exited with 1`, `ended; its exit status is not known`."""


def how_it_ended(status: int | None) -> str:
    """A wait status in words: an exit code, or a negative signal number."""
    if status is None:
        return "ended; its exit status is not known"
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exited with {status}"
