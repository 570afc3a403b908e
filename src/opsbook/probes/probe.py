"""The base of every probe kind: a kind's settings are the fields of its own class."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from opsbook.book.model import Section
from opsbook.core.registry import Registry
from opsbook.probes.model import Measurements


class ProbeError(Exception):
    """A look that did not succeed; the message says at what and why."""

    def __init__(self, message: str, measurements: Measurements | None = None) -> None:
        super().__init__(message)
        self.measurements = measurements or {}
        """What had been measured until then."""


class ProbeFailedError(ProbeError):
    """The target does not do what it should: the check is down."""


class ProbeUnknownError(ProbeError):
    """The probe could not find out, for a reason of its own: the check is unknown."""


class Probe(Section, ABC):
    """Looks at one thing once. Subclasses live in `kinds/`, one per file."""

    measures: ClassVar[Mapping[str, str]]
    """The measurements of the kind: name with unit → meaning."""

    expects: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Conditions that hold where the book gives none for the measurement."""

    @property
    @abstractmethod
    def subject(self) -> str:
        """What it looks at, for people: a URL, an address, a file. Never a secret."""

    @abstractmethod
    async def look(self) -> Measurements:
        """Look once. Cancelling it must stop it and free what it holds.

        Raises ProbeFailedError or ProbeUnknownError. The caller sets the deadline.
        """

    def measured(self) -> Mapping[str, str]:
        """What this probe can measure: the kind's measurements and the book's own."""
        return self.measures

    async def close(self) -> None:
        """Free what is kept between looks."""


probe_kinds: Registry[Probe] = Registry("opsbook.probes.kinds", Probe)  # type: ignore[type-abstract]
