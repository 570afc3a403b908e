"""What incidents announce: each after it is on disk and in the ledger."""

from dataclasses import dataclass

from opsbook.incidents.model import Incident


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """Something happened to an incident; it stands as it is after that."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class IncidentOpened(IncidentEvent):
    """There is a new one."""


@dataclass(frozen=True, slots=True)
class IncidentJoined(IncidentEvent):
    """More signs of its cause have come."""


@dataclass(frozen=True, slots=True)
class IncidentAcknowledged(IncidentEvent):
    """Somebody has it: nobody else is paged."""


@dataclass(frozen=True, slots=True)
class IncidentRecovered(IncidentEvent):
    """Its checks are well and its alerts have ended."""


@dataclass(frozen=True, slots=True)
class IncidentReopened(IncidentEvent):
    """It had recovered, and has not."""


@dataclass(frozen=True, slots=True)
class IncidentClosed(IncidentEvent):
    """A person said what was done; or it went into another one, `part_of`."""
