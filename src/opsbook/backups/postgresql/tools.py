"""PostgreSQL's own programs: which of those installed fits a server."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from opsbook.backups.source import SourceError, Work
from opsbook.backups.tools.flow import go_on
from opsbook.backups.tools.program import Program

_INSTALLED = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
"""Where the packages of Debian and Red Hat and a build from source put them."""


_ZSTD_SINCE = 16
_NOWHERE = "--dbname=host=/nonexistent hostaddr=''"
"""Whatever a service file or the environment says: nothing is dumped by asking."""
_ASKED_NOWHERE = "connection to server"


@dataclass(frozen=True, slots=True)
class Tools:
    """A directory of programs of one version."""

    directory: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def program(self, name: str) -> str:
        """Raises SourceError where this installation has no such program."""
        path = self.directory / name
        if not path.exists():
            raise SourceError(f"{self.directory} has no {name}; install the server's package too")
        return str(path)

    def know_zstd(self, work: Work) -> bool:
        """Whether pg_dump packs with zstd and pg_restore reads it: not all were built so.

        Raises SourceError where the work ends before it is known.
        """
        if self.major < _ZSTD_SINCE:
            return False
        # It looks at what it was built with before it connects.
        argv = [self.program("pg_dump"), "--format=custom", "--compress=zstd", _NOWHERE]
        asked = Program(argv, str(self.directory), environment={"LC_ALL": "C"})
        try:
            asked.run(work)
        except SourceError:
            # It always fails; but what was cut short has not answered.
            go_on(work, str(self.directory))
        return _ASKED_NOWHERE in asked.words


def newest_tools(given: Path | None, work: Work) -> Tools:
    """Raises SourceError where there are none."""
    return max(_found(given, work), key=lambda tools: tools.major)


def tools_for(server: int, given: Path | None, work: Work) -> Tools:
    """Those nearest to the server's major version that can read all of it.

    Raises SourceError: an older pg_dump refuses a newer server.
    """
    found = _found(given, work)
    fit = [tools for tools in found if tools.major >= server]
    if not fit:
        newest = max(tools.major for tools in found)
        raise SourceError(
            f"pg_dump {newest} is older than the server, which is {server}: install "
            f"postgresql-client-{server}, or name its directory with `bin`"
        )
    return min(fit, key=lambda tools: tools.major)


def _found(given: Path | None, work: Work) -> list[Tools]:
    places = [given] if given else _places()
    found = [_tools(place, work) for place in places if (place / "pg_dump").exists()]
    if not found:
        where = f"in {given}" if given else "on PATH"
        raise SourceError(f"no pg_dump {where}: install PostgreSQL's client, or name its `bin`")
    return found


def _places() -> list[Path]:
    installed = [path for each in _INSTALLED for path in Path("/").glob(each[1:])]
    on_path = shutil.which("pg_dump")
    # Debian's own pg_dump on PATH is a script that chooses by local clusters.
    return installed or ([Path(on_path).resolve().parent] if on_path else [])


def _tools(place: Path, work: Work) -> Tools:
    said = Program([str(place / "pg_dump"), "--version"], str(place)).run(work)
    found = re.search(r"\d+(\.\d+)?", said)
    if found is None:
        raise SourceError(f"{place}/pg_dump does not say its version: {said[:100]!r}")
    return Tools(place, found[0])
