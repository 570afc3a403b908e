"""Parts of a report on PostgreSQL: each finds something out, or says why it is not known."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from opsbook.databases.limits import Limits
from opsbook.databases.model import Report
from opsbook.databases.postgresql.session import Session, is_lost, words

_GRANT = "; GRANT pg_monitor to its role"


@dataclass(frozen=True, slots=True)
class Standing:
    """What every part wants to know beforehand."""

    limits: Limits
    standby: bool
    """A standby counts only its own scans, and no dead rows."""
    age: float | None
    """For how many seconds the server has been counting; None where it does not say."""
    extensions: dict[str, str]
    """Extension → its schema."""


class Part(ABC):
    """Finds out some of the figures and listings of a report."""

    figures: Sequence[str] = ()
    listing: str = ""

    @abstractmethod
    async def find(self, session: Session, standing: Standing, report: Report) -> None:
        """Raises psycopg.Error where it may not know."""

    async def add(self, session: Session, standing: Standing, report: Report) -> None:
        """What it finds, or why it is unknown. Raises psycopg.Error if the connection is lost."""
        try:
            await self.find(session, standing, report)
        except psycopg.Error as error:
            if is_lost(error):
                raise
            denied = isinstance(error, psycopg.errors.InsufficientPrivilege)
            why = words(error) + (_GRANT if denied else "")
            report.miss(self.figures, why)
            if self.listing:
                report.show(self.listing, (), (), why)
