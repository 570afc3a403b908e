"""Restore a backup of PostgreSQL into a fresh database, beside the one that was lost.

    restore_postgres.py find BACKUPS            the newest backup there, read from end to end
    restore_postgres.py server                  whether a server answers
    restore_postgres.py restore BACKUP TARGET   create TARGET and restore into it
    restore_postgres.py count TARGET TABLES     rows, of `orders:1000 customers` at least so many
    restore_postgres.py absent TARGET           whether there is no such database
    restore_postgres.py drop TARGET             drop it

Backups: pg_dump's custom and directory formats, and its SQL, gzipped or not. DATABASE_URL says what
was lost; RESTORE_SERVER, `host:port`, another server. Writes one JSON document and ends with 0, or
writes what is wrong and ends with 1; then no database that it has created is left.
"""

import contextlib
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, NoReturn, cast
from urllib.parse import parse_qsl, unquote, urlsplit

_TARGET = re.compile(r"[A-Za-z0-9_.-]{1,36}_restored_\d{8}_\d{6}")
_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout")
_END = b"PostgreSQL database dump complete"
_BEGINNING_OF_DATA = re.compile(rb"COPY .* FROM stdin;\s*$", re.IGNORECASE)
_COMMAND = re.compile(rb"(?:^|[\s;])\\(?!restrict\s|unrestrict\s)(\w+|!)")
"""psql would carry it out: \\connect leads to another database, \\! to a shell."""
_BLOCK = 1024 * 1024
_PSQL = ("psql", "--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1")

_SERVER = "SELECT version();\n"
_EXISTS = "SELECT count(*) FROM pg_database WHERE datname = :'target';\n"
_CREATE = """
    SELECT coalesce(
        (SELECT format('CREATE DATABASE %I TEMPLATE template0 OWNER %I ENCODING %L LC_COLLATE %L'
                       ' LC_CTYPE %L', :'target', pg_get_userbyid(datdba),
                       pg_encoding_to_char(encoding), datcollate, datctype)
         FROM pg_database WHERE datname = :'lost'),
        format('CREATE DATABASE %I TEMPLATE template0', :'target'))
    \\gexec
"""
"""With the owner, encoding and order of the lost one, where the server still knows them."""
_DROP = 'DROP DATABASE IF EXISTS :"target" WITH (FORCE);\n'
"""Where a client was killed, the server goes on with what it had asked for."""


class FailedError(Exception):
    """What is wrong, for people."""


def main() -> None:
    """Carry out what the arguments say."""
    signal.signal(signal.SIGTERM, _stopped)
    verb, *words = sys.argv[1:] or [""]
    act, wanted = _VERBS.get(verb, (server, -1))
    if len(words) != wanted:
        sys.exit(__doc__)
    try:
        sys.stdout.write(f"{json.dumps(act(*words))}\n")
    except (FailedError, OSError) as error:
        sys.exit(str(error))


def find(place: str) -> dict[str, Any]:
    """The newest backup, and what a database that is made of it will be called."""
    backup = _newest(Path(place))
    kind = _checked(backup)
    lost, now = _environment()["PGDATABASE"], time.strftime("%Y%m%d_%H%M%S", time.gmtime())
    return {
        "backup": str(backup),
        "format": kind,
        "bytes": sum(file.stat().st_size for file in _files(backup)),
        "age_seconds": round(time.time() - backup.stat().st_mtime),
        "database": lost,
        "target": f"{lost[:36]}_restored_{now}",
        "aside": f"{lost[:38]}_before_{now}",
    }


def server() -> dict[str, Any]:
    """Its version."""
    return {"server": _asked(_SERVER)}


def restore(place: str, target: str) -> dict[str, Any]:
    """Whole, or not at all."""
    _fresh(target)
    backup = Path(place)
    kind = _checked(backup)
    absent(target)
    _asked(_CREATE, target=target, lost=_environment()["PGDATABASE"])
    try:
        _fill(backup, kind, target)
    except BaseException:
        _asked(_DROP, target=target)
        raise
    return {"result": "restored, not switched", "database": target, "backup": str(backup)}


def count(target: str, tables: str) -> dict[str, Any]:
    """Fails where a table has fewer rows than it must."""
    found, wrong = dict[str, int](), list[str]()
    for each in tables.split():
        table, _, least = each.partition(":")
        found[table] = _rows(target, table)
        if found[table] < int(least or 1):
            wrong.append(f"{table} has {found[table]} rows, at least {least or 1} are expected")
    if wrong or not found:
        raise FailedError(f"{target}: {'; '.join(wrong) or 'say which tables must be there'}")
    return {"tables": found}


def absent(target: str) -> dict[str, Any]:
    """Fails where there is such a database."""
    if _asked(_EXISTS, target=target) != "0":
        raise FailedError(f"there is a database {target} already")
    return {"absent": target}


def drop(target: str) -> dict[str, Any]:
    """Never another than one of ours."""
    _fresh(target)
    _asked(_DROP, target=target)
    return {"dropped": target}


def _fresh(target: str) -> None:
    if not _TARGET.fullmatch(target):
        raise FailedError(f"{target} is not called NAME_restored_TIME: it is not touched")


def _newest(place: Path) -> Path:
    if not place.exists():
        raise FailedError(f"{place}: no such file or directory")
    found = [place] if _format(place) else []
    if not found and place.is_dir():
        found = [each for each in place.iterdir() if _format(each)]
    if not found:
        raise FailedError(f"{place}: no backup there that PostgreSQL's tools have made")
    return max(found, key=lambda each: each.stat().st_mtime)


def _files(backup: Path) -> list[Path]:
    return [backup] if backup.is_file() else [each for each in backup.iterdir() if each.is_file()]


def _format(path: Path) -> str:
    """Nothing for what is no backup."""
    if path.is_dir():
        return "directory" if (path / "toc.dat").is_file() else ""
    with path.open("rb") as file:
        start = file.read(5)
    if start == b"PGDMP":
        return "custom"
    if start[:2] == b"\x1f\x8b":
        return "sql"
    return "sql" if path.suffix == ".sql" else ""


def _checked(backup: Path) -> str:
    """Its format. Fails for one that is not whole, as far as that can be seen."""
    kind = _format(backup)
    if not kind:
        raise FailedError(f"{backup} is no backup that PostgreSQL's tools have made")
    if kind == "sql":
        _check_sql(backup)
    elif " TABLE DATA " not in _run(["pg_restore", "--list", str(backup)]):
        raise FailedError(f"{backup} has no data of any table")
    return kind


def _check_sql(backup: Path) -> None:
    data = ended = False
    for number, line in enumerate(_lines(backup), 1):
        if data:
            data = line.rstrip(b"\r\n") != b"\\."
            continue
        data = bool(_BEGINNING_OF_DATA.match(line))
        ended = ended or _END in line
        if found := _COMMAND.search(line):
            command = found[1].decode(errors="replace")
            raise FailedError(f"{backup}:{number}: \\{command} of psql: that is not carried out")
    if not ended:
        raise FailedError(f"{backup} is cut off: its last words {_END.decode()!r} are missing")


def _lines(backup: Path) -> Iterator[bytes]:
    with _opened(backup) as file:
        try:
            while line := file.readline(_BLOCK):
                yield line
        except (OSError, EOFError, zlib.error) as error:
            raise FailedError(f"{backup} is broken: {error}") from None


def _opened(backup: Path) -> BinaryIO:
    with backup.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return cast("BinaryIO", gzip.open(backup) if zipped else backup.open("rb"))


def _fill(backup: Path, kind: str, target: str) -> None:
    if kind == "sql":
        argv = [*_PSQL, "--single-transaction", f"--dbname={target}", "--file=-"]
        _run([*argv, "--output=/dev/null"], _lines(backup))
    else:
        argv = ["pg_restore", "--exit-on-error", "--single-transaction", f"--dbname={target}"]
        _run([*argv, str(backup)])


def _rows(target: str, table: str) -> int:
    schema, _, name = table.rpartition(".")
    query = 'SELECT count(*) FROM :"name";\n'
    if schema:
        query = 'SELECT count(*) FROM :"schema".:"name";\n'
    return int(_asked(query, database=target, name=name, schema=schema))


def _asked(query: str, *, database: str = "postgres", **values: str) -> str:
    given = [f"--set={name}={value}" for name, value in values.items()]
    return _run([*_PSQL, f"--dbname={database}", *given, "--file=-"], [query.encode()])


def _run(argv: list[str], said: Iterable[bytes] = ()) -> str:
    """What it wrote. Its output goes to a file, for it may write before it has read all."""
    with tempfile.TemporaryFile() as output:
        with _started(argv, output) as program:
            assert program.stdin is not None
            # Where it has ended already, its words say why.
            with contextlib.suppress(BrokenPipeError):
                program.stdin.writelines(said)
            with contextlib.suppress(BrokenPipeError):
                program.stdin.close()
            program.wait()
        output.seek(0)
        told = output.read().decode(errors="replace").strip()
    if program.returncode:
        raise FailedError(f"{argv[0]}: {told or f'ended with {program.returncode}'}")
    return told


@contextlib.contextmanager
def _started(argv: list[str], output: IO[bytes]) -> Iterator["subprocess.Popen[bytes]"]:
    try:
        program = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=_environment(),
        )
    except FileNotFoundError:
        raise FailedError(f"{argv[0]} is not in the PATH: install postgresql-client") from None
    try:
        yield program
    except BaseException:
        # psql takes the end of its input for the end of the backup, and would commit.
        program.kill()
        program.wait()
        raise


def _environment() -> dict[str, str]:
    """The login as libpq's variables, for arguments can be seen by anybody on the host."""
    url = urlsplit(os.environ.get("DATABASE_URL", ""))
    database = unquote(url.path.removeprefix("/"))
    if url.scheme not in ("postgresql", "postgres") or not database:
        raise FailedError("DATABASE_URL is missing: postgresql://user:password@host:port/database")
    options = dict(parse_qsl(url.query))
    if unknown := set(options) - set(_OPTIONS):
        raise FailedError(f"DATABASE_URL: options that are not known here: {', '.join(unknown)}")
    host, port = url.hostname or "localhost", str(url.port or 5432)
    if other := os.environ.get("RESTORE_SERVER"):
        host, _, port = other.rpartition(":")
    login = {"PGHOST": host, "PGPORT": port, "PGDATABASE": database}
    login |= {"PGUSER": unquote(url.username)} if url.username else {}
    login |= {"PGPASSWORD": unquote(url.password)} if url.password else {}
    login |= {f"PG{name.upper()}": value for name, value in options.items()}
    return {**os.environ, "PGCONNECT_TIMEOUT": "10", **login}


def _stopped(number: int, _: object) -> NoReturn:
    raise FailedError(f"stopped by {signal.Signals(number).name}")


_VERBS: dict[str, tuple[Callable[..., dict[str, Any]], int]] = {
    "find": (find, 1),
    "server": (server, 0),
    "restore": (restore, 2),
    "count": (count, 2),
    "absent": (absent, 1),
    "drop": (drop, 1),
}
"""And how many words each wants."""

if __name__ == "__main__":
    main()
