"""The database that a backup is restored into: made anew, and in the end given its own."""

from dataclasses import dataclass

import psycopg

from opsbook.backups.postgresql.fitting import refuse_newer
from opsbook.backups.postgresql.giving import close_to_others, give, roles_of
from opsbook.backups.postgresql.locale import NOT_HERE, Locale
from opsbook.backups.postgresql.login import MAINTENANCE, Connection, Login
from opsbook.backups.postgresql.properties import Properties
from opsbook.backups.source import Facts, SourceError, Work

_UNKNOWN = "its owner, grants and settings are unknown: the backup does not hold them"


@dataclass(frozen=True, slots=True)
class Missing:
    """Roles that are not here."""

    owning: list[str]
    all: list[str]
    """Those, and those that were granted something."""

    @property
    def remarks(self) -> list[str]:
        if not self.all:
            return []
        whose = "ours and granted to nobody" if self.owning else "granted to nobody"
        return [f"all in it is {whose}: there is no role {', '.join(self.all)} here"]


def make(place: Login, facts: Facts, properties: Properties | None, work: Work) -> Missing:
    """Empty, and sorted as it was. Raises SourceError, where nothing was made."""
    with place.at(MAINTENANCE).connected(work) as server:
        refuse_newer(place, server, facts)
        missing = _missing(place, server, properties)
        try:
            Locale.stored(facts.details).create(server, place.database)
        except psycopg.errors.DuplicateDatabase:
            raise SourceError(
                f"{place.subject}: not restored, it exists; name a new database"
            ) from None
        except NOT_HERE as error:
            raise SourceError(
                f"{place.subject}: not restored, the server does not know its locale: "
                f"{error.diag.message_primary}; install it there, or restore into a server that "
                "has it"
            ) from None
    return missing


def close(place: Login, properties: Properties | None, work: Work) -> None:
    """Who may not connect in the end does not while it is filled either. Raises SourceError."""
    if properties is not None and properties.is_private:
        with place.at(MAINTENANCE).connected(work) as server:
            close_to_others(server, place.database)


def settle(place: Login, properties: Properties | None, work: Work, *, owners: bool) -> list[str]:
    """Once it is filled and compared, for its settings could hinder both; what it did not get.

    `owners`: also what belongs to roles. Raises SourceError.
    """
    return [_UNKNOWN] if properties is None else give(properties, place, work, owners=owners)


def _missing(place: Login, server: Connection, properties: Properties | None) -> Missing:
    if properties is None:
        return Missing([], [])
    known = roles_of(server)
    if lost := [role for role in properties.policy_roles if role not in known]:
        raise SourceError(
            f"{place.subject}: not restored, its policies of rows name roles that are not here: "
            f"{', '.join(lost)}; create them first"
        )
    owning, roles = properties.owning_roles, properties.roles
    return Missing(
        [role for role in owning if role not in known],
        [role for role in roles if role not in known],
    )
