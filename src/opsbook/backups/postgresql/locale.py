"""In which letters a database is written, and by which rules it sorts."""

from dataclasses import asdict, dataclass
from typing import Any

from psycopg import errors, sql

from opsbook.backups.postgresql.login import Connection

_PROVIDERS = {"i": ("icu", "ICU_LOCALE"), "b": ("builtin", "BUILTIN_LOCALE")}
_QUERY = b"""
    SELECT pg_encoding_to_char(d.encoding), d.datcollate::text, d.datctype::text,
           coalesce(to_jsonb(d) ->> 'datlocprovider', 'c'),
           coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', ''),
           coalesce(to_jsonb(d) ->> 'daticurules', '')
    FROM pg_catalog.pg_database AS d WHERE d.datname = current_database()
"""
"""As JSON, since the columns' names changed with PostgreSQL 15, 16 and 17."""
NOT_HERE = (
    errors.WrongObjectType,
    errors.FeatureNotSupported,
    errors.InvalidParameterValue,
    errors.InvalidObjectDefinition,
)
"""How a server says that its machine has no such locale, or that it was built without ICU."""


@dataclass(frozen=True, slots=True)
class Locale:
    """The default sorts by bytes: any machine can."""

    encoding: str = "UTF8"
    collate: str = "C"
    ctype: str = "C"
    provider: str = "c"
    """As in pg_database: of the C library, of ICU, or PostgreSQL's own."""
    name: str = ""
    """For the provider, where it is not the C library."""
    rules: str = ""
    """Of ICU, beside those of the locale."""

    @classmethod
    def of(cls, connection: Connection) -> "Locale":
        """That of the database connected to. Raises psycopg.Error."""
        row = connection.execute(_QUERY).fetchone()
        assert row is not None
        return cls(*row)

    @classmethod
    def stored(cls, details: dict[str, Any]) -> "Locale":
        """As `details` gave it to a manifest."""
        return cls(**details.get("locale", {}))

    def details(self) -> dict[str, Any]:
        return {"locale": asdict(self)}

    def plain(self) -> "Locale":
        """The same letters, sorted by bytes."""
        return Locale(self.encoding)

    def create(self, connection: Connection, database: str) -> None:
        """Make a new and empty database. Raises psycopg.Error, also where there is one."""
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} ").format(
            sql.Identifier(database), sql.Literal(self.encoding)
        )
        statement += sql.SQL("LC_COLLATE {} LC_CTYPE {}").format(
            sql.Literal(self.collate), sql.Literal(self.ctype)
        )
        if self.provider in _PROVIDERS:
            provider, key = _PROVIDERS[self.provider]
            statement += sql.SQL(f" LOCALE_PROVIDER {provider} {key} {{}}").format(
                sql.Literal(self.name)
            )
        if self.rules:
            statement += sql.SQL(" ICU_RULES {}").format(sql.Literal(self.rules))
        connection.execute(statement)

    def create_or_plain(self, connection: Connection, database: str) -> list[str]:
        """As `create`; where the server does not know the locale, one that sorts by bytes, and
        a remark that says so. Raises psycopg.Error."""
        try:
            self.create(connection, database)
        except NOT_HERE as error:
            self.plain().create(connection, database)
            return [f"it sorts by bytes here: {error.diag.message_primary}"]
        return []
