"""pg_dump at work, at one moment of a database: as one stream, or a file for each table.

Where it knows zstd it packs by itself: that takes less work than packing what comes out of it, and
pg_restore finds several tables at once in what was packed table by table, without any of it being
unpacked to a disk. `docs/why/a-dump-packs-itself.md`.
"""

from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

from opsbook.backups.postgresql.login import SERVICE, Login
from opsbook.backups.postgresql.snapshot import Snapshot
from opsbook.backups.postgresql.tools import Tools
from opsbook.backups.source import Facts, SourceError, Work
from opsbook.backups.tools.program import Program

PACKED = "dump_packed"
"""Among the details of a backup: what pg_dump packed it with."""
_MAGIC = b"PGDMP"
_END = bytes(5)
"""After the last row of the last table: a block of no bytes, a sign and four of length."""
_ERROR = "error:"


class Dumping:
    """One dump, done once; `facts` gets what pg_dump said."""

    def __init__(
        self,
        tools: Tools,
        login: Login,
        environment: Mapping[str, str],
        held: Snapshot,
        lock_wait: float,
        facts: Facts,
        work: Work,
    ) -> None:
        """`environment` names the service file of the login."""
        self.packs = tools.know_zstd(work)
        """Whether it comes packed."""
        if self.packs:
            facts.details[PACKED] = "zstd"
        pack = f"--compress=zstd:{work.level}" if self.packs else "--compress=0"
        self._argv = [tools.program("pg_dump"), SERVICE, pack, "--no-password"]
        self._argv += [f"--snapshot={held.name}", f"--lock-wait-timeout={int(lock_wait * 1000)}"]
        self._login, self._environment, self._held = login, environment, held
        self._facts, self._work = facts, work

    def stream(self) -> Iterator[bytes]:
        """Its exit status, words, beginning and end are judged. Raises SourceError."""
        with self._held.described(self._facts, self._login):
            end = yield from self._whole(self._program("--format=custom"))
        if any(self._facts.counts.values()) and end != _END:
            raise SourceError(f"{self._login.subject}: the dump does not come to its end")

    def fill(self, folder: Path, jobs: int) -> None:
        """Several tables at once. Raises SourceError."""
        self._work.progress("dumping", 0, None)
        program = self._program("--format=directory", f"--jobs={jobs}", f"--file={folder}")
        with self._held.described(self._facts, self._login):
            program.run(self._work)
            self._judge(program)

    def _program(self, *how: str) -> Program:
        """In the scratch directory it is found and ended by whoever sweeps that after our death:
        one that writes into files does not notice it."""
        return Program(
            [*self._argv, *how],
            self._login.subject,
            environment=self._environment,
            directory=self._work.scratch,
        )

    def _whole(self, program: Program) -> Generator[bytes, None, bytes]:
        """The last bytes of it are given back."""
        done, beginning, end = 0, b"", b""
        for block in program.reading(self._work):
            beginning = beginning or block[: len(_MAGIC)]
            end = (end + block[-len(_END) :])[-len(_END) :]
            done += len(block)
            self._work.progress("dumping", done, None)
            yield block
        if beginning != _MAGIC:
            raise SourceError(f"{self._login.subject}: pg_dump gave no archive but {beginning!r}")
        self._judge(program)
        return end

    def _judge(self, program: Program) -> None:
        if _ERROR in program.words:
            said = f"pg_dump ended well but said: {program.words}"
            raise SourceError(f"{self._login.subject}: {said}")
        # It ends well and warns of circular foreign keys, for one.
        self._facts.remarks += [program.words] if program.words else []
