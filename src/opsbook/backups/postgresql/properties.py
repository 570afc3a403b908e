"""What a database has of its own beside its content: owner, grants, settings, comment, limit.

pg_dump keeps these only for a database that is made again under its old name (`--create`,
https://www.postgresql.org/docs/current/app-pgdump.html); what is restored here has a name of
its own. They are a file of the backup and not words of its manifest, for a setting may be a
secret, and the manifest is not encrypted.
"""

import re
from collections.abc import Callable, Mapping
from typing import BinaryIO

from psycopg import sql
from pydantic import BaseModel, ConfigDict, ValidationError

from opsbook.backups.postgresql.login import Connection
from opsbook.backups.source import SourceError

PROPERTIES = "properties.json"
"""The file of a backup that holds them."""
_LARGEST = 16 << 20

_DATABASE = b"""
    SELECT pg_get_userbyid(d.datdba)::text, d.datconnlimit, d.datistemplate, t.spcname::text,
           shobj_description(d.oid, 'pg_database'), d.datacl IS NOT NULL
    FROM pg_catalog.pg_database AS d
         JOIN pg_catalog.pg_tablespace AS t ON t.oid = d.dattablespace
    WHERE d.datname = current_database()
"""
_GRANTS = b"""
    SELECT CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee)::text END, a.privilege_type,
           bool_or(a.is_grantable)
    FROM pg_catalog.pg_database AS d, aclexplode(d.datacl) AS a
    WHERE d.datname = current_database() GROUP BY 1, 2 ORDER BY 1 NULLS FIRST, 2
"""
_SETTINGS = b"""
    SELECT CASE WHEN s.setrole <> 0 THEN pg_get_userbyid(s.setrole)::text END, c.config
    FROM pg_catalog.pg_db_role_setting AS s
         JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase,
         unnest(s.setconfig) WITH ORDINALITY AS c(config, place)
    WHERE d.datname = current_database() ORDER BY 1 NULLS FIRST, c.place
"""
_DEPENDED_ON = b"""
    SELECT pg_get_userbyid(s.refobjid)::text, bool_or(s.deptype = 'o'), bool_or(s.deptype = 'r')
    FROM pg_catalog.pg_shdepend AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid
    WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass AND d.datname = current_database()
    GROUP BY 1
    UNION ALL SELECT pg_get_userbyid(10)::text, true, false
    WHERE EXISTS (
        SELECT FROM (
            SELECT 'pg_catalog.pg_class'::regclass, oid, relowner FROM pg_catalog.pg_class
            UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid, proowner FROM pg_catalog.pg_proc
            UNION ALL SELECT 'pg_catalog.pg_type'::regclass, oid, typowner FROM pg_catalog.pg_type
            UNION ALL
            SELECT 'pg_catalog.pg_namespace'::regclass, oid, nspowner FROM pg_catalog.pg_namespace
            UNION ALL
            SELECT 'pg_catalog.pg_largeobject'::regclass, oid, lomowner
            FROM pg_catalog.pg_largeobject_metadata
        ) AS o(class, oid, owner)
        WHERE o.owner = 10 AND o.oid >= 16384
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = o.class
                              AND d.objid = o.oid AND d.deptype = 'e')
    )
    ORDER BY 1
"""
"""Owners (`o`), those whom policies of rows name (`r`), and whoever was granted something. What the
server's first user (10) owns is not written down there: it is looked for among what was not made
with the server (16384 and above, access/transam.h) nor by an extension."""

_DEFAULT_TABLESPACE = "pg_default"
_LISTS = frozenset(
    {
        "local_preload_libraries",
        "search_path",
        "session_preload_libraries",
        "shared_preload_libraries",
        "temp_tablespaces",
        "unix_socket_directories",
    }
)
"""Kept with the quotes of their elements (GUC_LIST_QUOTE of PostgreSQL's source, which lets no
extension have such)."""
_ELEMENT = re.compile(r'"((?:[^"]|"")*)"|([^,\s]+)')


class Grant(BaseModel):
    """One privilege of one role."""

    model_config = ConfigDict(frozen=True)

    to: str | None
    """None: everybody."""
    privilege: str
    grantable: bool = False


class Setting(BaseModel):
    """One parameter, for all sessions or for those of a role."""

    model_config = ConfigDict(frozen=True)

    role: str | None
    name: str
    value: str

    @property
    def literals(self) -> sql.Composable:
        """What stands behind `SET name =`."""
        if self.name not in _LISTS:
            return sql.Literal(self.value)
        found = [quoted.replace('""', '"') or plain for quoted, plain in self._elements]
        return sql.SQL(", ").join(map(sql.Literal, found or [""]))

    @property
    def _elements(self) -> list[tuple[str, str]]:
        return _ELEMENT.findall(self.value)


class Properties(BaseModel):
    """Those of one database, whatever its name."""

    model_config = ConfigDict(frozen=True)

    owner: str
    limit: int
    """Connections at once; -1 for as many as the server takes."""
    template: bool
    tablespace: str
    comment: str | None
    grants: list[Grant] | None
    """None where nothing was ever granted or revoked: then PUBLIC may connect."""
    settings: list[Setting]
    roles: list[str] = []
    """That own something in it, or were granted something."""
    owning_roles: list[str] = []
    policy_roles: list[str] = []
    """That policies of rows name."""

    @classmethod
    def of(cls, connection: Connection) -> "Properties":
        """Of the database connected to. Raises psycopg.Error."""
        row = connection.execute(_DATABASE).fetchone()
        assert row is not None
        owner, limit, template, tablespace, comment, granted = row
        grants = [
            Grant(to=to, privilege=privilege, grantable=grantable)
            for to, privilege, grantable in connection.execute(_GRANTS).fetchall()
        ]
        settings = [
            Setting(role=role, name=name, value=value)
            for role, config in connection.execute(_SETTINGS).fetchall()
            for name, _, value in [config.partition("=")]
        ]
        roles = connection.execute(_DEPENDED_ON).fetchall()
        return cls(
            owner=owner,
            limit=limit,
            template=template,
            tablespace=tablespace,
            comment=comment,
            grants=grants if granted else None,
            settings=settings,
            roles=[role for role, _, _ in roles],
            owning_roles=[role for role, owns, _ in roles if owns],
            policy_roles=[role for role, _, in_policy in roles if in_policy],
        )

    @classmethod
    def kept(cls, files: Mapping[str, Callable[[], BinaryIO]], subject: str) -> "Properties | None":
        """None where the backup is older than they are kept. Raises SourceError."""
        if PROPERTIES not in files:
            return None
        with files[PROPERTIES]() as content:
            return cls.read(content, subject)

    @classmethod
    def read(cls, content: BinaryIO, subject: str) -> "Properties":
        """Raises SourceError."""
        return cls.parse(content.read(_LARGEST), subject)

    @classmethod
    def parse(cls, written: bytes, subject: str) -> "Properties":
        """Raises SourceError."""
        try:
            return cls.model_validate_json(written)
        except ValidationError:
            raise SourceError(f"{subject}: {PROPERTIES} cannot be read") from None

    def render(self) -> bytes:
        return self.model_dump_json().encode()

    @property
    def remarks(self) -> list[str]:
        """What will not come back, for people."""
        found = []
        if self.tablespace != _DEFAULT_TABLESPACE:
            found.append(f"tablespace {self.tablespace}: all is restored into the default one")
        if self.template:
            found.append("that it is a template is not kept: ALTER DATABASE … IS_TEMPLATE true")
        return found

    @property
    def is_private(self) -> bool:
        """Whether not everybody may connect."""
        public = {each.privilege for each in self.grants or () if each.to is None}
        return self.grants is not None and "CONNECT" not in public
