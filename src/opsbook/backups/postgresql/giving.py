"""What a database has of its own, given to one of another name, perhaps on another server.

Each in a statement of its own, by a connection to another database: what is refused keeps
nothing else back, and settings do not hinder those that come after them.
"""

import psycopg
from psycopg import sql

from opsbook.backups.postgresql.login import MAINTENANCE, Connection, Login
from opsbook.backups.postgresql.properties import Grant, Properties
from opsbook.backups.source import Work

_ROLES = b"SELECT rolname::text FROM pg_catalog.pg_roles"
_PRIVILEGES = frozenset({"CREATE", "CONNECT", "TEMPORARY"})


def roles_of(server: Connection) -> set[str]:
    """Raises psycopg.Error."""
    return {role for (role,) in server.execute(_ROLES).fetchall()}


def close_to_others(server: Connection, database: str) -> None:
    """Nobody gets in but owner and superusers. Raises psycopg.Error."""
    statement = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC")
    server.execute(statement.format(sql.Identifier(database)))


def give(properties: Properties, place: Login, work: Work, *, owners: bool) -> list[str]:
    """Give them to a database that is restored; what it could not get, for people.

    `owners`: also those that belong to roles. Raises SourceError where the server is lost.
    """
    with place.at(MAINTENANCE).connected(work) as server:
        giving = _Giving(server, place, properties)
        giving.set_parameters(owners=owners)
        giving.describe()
        if owners:
            giving.hand_over()
    return giving.remarks


class _Giving:
    def __init__(self, server: Connection, place: Login, properties: Properties) -> None:
        self._server, self._place, self._properties = server, place, properties
        self._name = sql.Identifier(place.database)
        self._roles = roles_of(server)
        self._missing: dict[str, list[str]] = {}
        self._refused: list[str] = []

    @property
    def remarks(self) -> list[str]:
        missing = [
            f"there is no role {role} here: not given {', '.join(what)}"
            for role, what in self._missing.items()
        ]
        return missing + self._refused

    def set_parameters(self, *, owners: bool) -> None:
        """And take all of them away where nobody could connect with them."""
        wanted = [each for each in self._properties.settings if owners or each.role is None]
        for each in wanted:
            parameter = sql.Identifier(*each.name.split("."))
            statement = sql.SQL("{} SET {} = {}").format(
                self._alter(each.role), parameter, each.literals
            )
            self._try(f"setting {each.name}", each.role, statement, each.value)
        if wanted and not self._opens():
            for role in {each.role for each in wanted} & {None, *self._roles}:
                self._server.execute(sql.SQL("{} RESET ALL").format(self._alter(role)))
            names = ", ".join(each.name for each in wanted)
            self._refused.append(f"nobody could connect with its settings: not set {names}")

    def describe(self) -> None:
        if self._properties.comment is not None:
            statement = sql.SQL("COMMENT ON DATABASE {} IS {}")
            comment = sql.Literal(self._properties.comment)
            self._try("comment", None, statement.format(self._name, comment))
        if self._properties.limit >= 0:
            statement = sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}")
            limit = sql.Literal(self._properties.limit)
            self._try("limit of connections", None, statement.format(self._name, limit))

    def hand_over(self) -> None:
        """To whom it was granted, and last to its owner: then it is no longer ours to change."""
        grants = self._properties.grants
        if grants is not None:
            close_to_others(self._server, self._place.database)
        for each in grants or ():
            if each.privilege in _PRIVILEGES:
                self._grant(each)
        owner = self._properties.owner
        statement = sql.SQL("ALTER DATABASE {} OWNER TO {}")
        self._try("ownership", owner, statement.format(self._name, sql.Identifier(owner)))

    def _grant(self, grant: Grant) -> None:
        to = sql.SQL("PUBLIC") if grant.to is None else sql.Identifier(grant.to)
        statement = sql.SQL(f"GRANT {grant.privilege} ON DATABASE {{}} TO {{}}")
        option = sql.SQL(" WITH GRANT OPTION" if grant.grantable else "")
        self._try(grant.privilege, grant.to, statement.format(self._name, to) + option)

    def _alter(self, role: str | None) -> sql.Composable:
        if role is None:
            return sql.SQL("ALTER DATABASE {}").format(self._name)
        return sql.SQL("ALTER ROLE {} IN DATABASE {}").format(sql.Identifier(role), self._name)

    def _opens(self) -> bool:
        try:
            self._place.open().close()
        except psycopg.OperationalError:
            return False
        return True

    def _try(self, what: str, role: str | None, statement: sql.Composed, secret: str = "") -> None:
        if role is not None and role not in self._roles:
            self._missing.setdefault(role, []).append(what)
            return
        try:
            self._server.execute(statement)
        except psycopg.Error as error:
            if self._server.closed or isinstance(error, psycopg.errors.QueryCanceled):
                raise
            said = str(error.diag.message_primary)
            # A setting may be a secret, and servers repeat what they do not like.
            said = said.replace(f'"{secret}"', "…")
            self._refused.append(f"{what} not given: {said}")
