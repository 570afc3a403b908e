"""What alerting asks of whoever tries to mend what an alert is about before people are told."""

from abc import ABC, abstractmethod

from opsbook.alerts.model import Alert


class Mender(ABC):
    """Asked for each alert whenever its group is due: answers at once."""

    @abstractmethod
    def holds(self, alert: Alert) -> str:
        """Why nobody is told of an alert that fires yet; empty where people are."""

    @abstractmethod
    def tried(self, alert: Alert) -> str:
        """What was tried and what was seen, for those who are told; empty where nothing was."""


class NoMender(Mender):
    """Nothing is tried: people are told."""

    def holds(self, alert: Alert) -> str:
        return ""

    def tried(self, alert: Alert) -> str:
        return ""
