"""What incidents ask of whoever tries to mend them before people are paged."""

from abc import ABC, abstractmethod
from collections.abc import Collection

from opsbook.incidents.model import Incident


class Fixes(ABC):
    """Asked whenever a page is due: answers at once. `alerts` are fingerprints."""

    @abstractmethod
    def hold(self, incident: Incident, alerts: Collection[str]) -> bool:
        """Whether nobody is to be paged yet."""

    @abstractmethod
    def told(self, incident: Incident, alerts: Collection[str]) -> str:
        """What was tried and what was seen, for those who are paged; empty where nothing was."""


class NoFixes(Fixes):
    """Nothing is tried: people are paged."""

    def hold(self, incident: Incident, alerts: Collection[str]) -> bool:
        return False

    def told(self, incident: Incident, alerts: Collection[str]) -> str:
        return ""
