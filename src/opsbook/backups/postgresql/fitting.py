"""Whether what was dumped can be restored here: looked at before anything is made."""

from pathlib import Path

from opsbook.backups.postgresql.dumping import PACKED
from opsbook.backups.postgresql.login import Connection, Login
from opsbook.backups.postgresql.tools import Tools, newest_tools
from opsbook.backups.source import Facts, SourceError, Work


def restoring_tools(facts: Facts, given: Path | None, work: Work) -> Tools:
    """The newest. Raises SourceError where even these are older than what wrote the dump, or were
    built without what it is packed with."""
    tools, wrote = newest_tools(given, work), _major(facts, "pg_dump")
    if wrote > tools.major:
        raise SourceError(
            f"pg_restore {tools.major} is older than the pg_dump that wrote the backup, which is "
            f"{wrote}: install postgresql-client-{wrote}, or name its directory with `bin`"
        )
    if PACKED in facts.details and not tools.know_zstd(work):
        raise SourceError(
            f"the dump is packed with zstd, and pg_restore {tools.version} in {tools.directory} "
            f"was built without it: install postgresql-client-{tools.major} as Debian or "
            "postgresql.org build it, or name its directory with `bin`"
        )
    return tools


def refuse_newer(login: Login, server: Connection, facts: Facts) -> None:
    """Raises SourceError where the dump is of a newer server: its statements may not be known."""
    here, dumped = server.info.server_version // 10_000, _major(facts, "postgresql")
    if dumped > here:
        raise SourceError(
            f"{login.subject}: not restored, the server is {here}, the backup of {dumped}: "
            "restore it into one that is no older"
        )


def _major(facts: Facts, name: str) -> int:
    """0 where it is not known."""
    major = facts.versions.get(name, "").split(".")[0]
    return int(major) if major.isdigit() else 0
