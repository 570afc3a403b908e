"""What the services announce. All times are in seconds."""

from dataclasses import dataclass

from opsbook.probes.model import State
from opsbook.services.model import Instance


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """Something happened to a service."""

    service: str


@dataclass(frozen=True, slots=True)
class ServiceStarted(ServiceEvent):
    """It runs; whether it works is not known yet."""

    instance: Instance
    adopted: bool
    """Whether it ran already."""


@dataclass(frozen=True, slots=True)
class ServiceDied(ServiceEvent):
    """Its main process, unit or container ended, and nobody had asked for it."""

    how: str
    maintenance: bool


@dataclass(frozen=True, slots=True)
class ServiceUnwell(ServiceEvent):
    """It runs, but a check that may restart it is down."""

    check: str
    message: str


@dataclass(frozen=True, slots=True)
class RestartBegun(ServiceEvent):
    """An attempt was recorded and begins now."""

    attempt: int
    reason: str


@dataclass(frozen=True, slots=True)
class ServiceVerified(ServiceEvent):
    """Its own checks say that it works."""

    state: State
    after_start: float
    """From the start of this instance."""
    after_trouble: float | None
    """From the detected death or failure, if there was one."""
    evidence: tuple[int, ...]
    """Numbers of the ledger entries that tell the story."""


@dataclass(frozen=True, slots=True)
class VerificationFailed(ServiceEvent):
    """It was started, and its checks did not get well in time, or it died again."""

    reason: str


@dataclass(frozen=True, slots=True)
class NeedsPerson(ServiceEvent):
    """It is down and the restart budget is spent: somebody has to look."""

    reason: str


@dataclass(frozen=True, slots=True)
class ServiceOrdered(ServiceEvent):
    """Somebody's order was recorded and is carried out now."""

    verb: str
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class ServiceStopped(ServiceEvent):
    """It was stopped by order, and stays so until somebody orders its start."""

    by: str
    why: str


@dataclass(frozen=True, slots=True)
class OrderFailed(ServiceEvent):
    """An order was begun, and what it was for was not reached."""

    verb: str
    by: str
    reason: str
