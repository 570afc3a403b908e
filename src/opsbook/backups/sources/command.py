"""`command`: whatever a program writes to its standard output."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pydantic import Field, field_validator

from opsbook.backups.source import Facts, Part, Restored, Source, SourceError, Work
from opsbook.backups.tools.flow import blocks
from opsbook.backups.tools.program import Program
from opsbook.backups.tools.sameness import content_of
from opsbook.book.fields import BookPath, TextOrSecret, revealed

_FILE = "output"
_TARGET = "{target}"


class Command(Source):
    """Keeps what a program writes, if it writes anything and ends with 0.

    The commands are run as they stand, without a shell: in a pipe of a shell a program that
    fails goes unnoticed unless it is the last one.
    """

    argv: list[str] = Field(min_length=1)
    """Writes the backup to its standard output."""
    verify_command: list[str] | None = Field(default=None, alias="verify", min_length=1)
    """Reads a backup from its standard input, and ends with 0 if it is good."""
    restore_command: list[str] | None = Field(default=None, alias="restore", min_length=1)
    """Reads a backup from its standard input and restores it into `{target}`, a path that does
    not exist yet; a rehearsal has one of its own."""
    directory: BookPath = Field(default=Path(), validate_default=True)
    """Working directory of the commands; the book's own unless said otherwise."""
    environment: dict[str, TextOrSecret] = {}
    """Variables to set for the commands."""

    @field_validator("restore_command")
    @classmethod
    def _names_its_target(cls, words: list[str] | None) -> list[str] | None:
        if words is not None and not any(_TARGET in word for word in words):
            raise ValueError(
                "say with `{target}` where to restore to, or a rehearsal would "
                "restore over what is in use"
            )
        return words

    @property
    def subject(self) -> str:
        return self.argv[0]

    @contextmanager
    def parts(self, work: Work, facts: Facts) -> Iterator[Iterator[Part]]:
        yield iter([Part(_FILE, lambda: self._output(work, facts))])

    def _output(self, work: Work, facts: Facts) -> Iterator[bytes]:
        program, done = self._program(self.argv), 0
        for block in program.reading(work):
            done += len(block)
            work.progress("reading the command's output", done, None)
            yield block
        if not done:
            raise SourceError(f"{self.subject}: ended well but wrote nothing: {program.words}")
        facts.remarks += [program.words] if program.words else []

    def readable(self, name: str, content: BinaryIO, work: Work) -> None:
        """Without `verify` any bytes will do: their sum is compared elsewhere."""
        if self.verify_command is not None:
            self._program(self.verify_command).fed(blocks(content, work, self.subject), work)
            return
        for _ in blocks(content, work, self.subject):
            pass

    @contextmanager
    def rehearse(
        self, files: Mapping[str, Callable[[], BinaryIO]], facts: Facts, work: Work
    ) -> Iterator[Restored]:
        place = work.scratch / f"rehearsal-{time.monotonic_ns()}"
        try:
            self._restore_into(place, files, work)
            yield Restored(str(place), {}, None, None)
        finally:
            _remove(place)

    def sweep(self) -> list[str]:
        """Nothing: a rehearsal leaves nothing outside the scratch directory of its work."""
        return []

    def restore(
        self,
        files: Mapping[str, Callable[[], BinaryIO]],
        facts: Facts,
        target: str,
        work: Work,
    ) -> str:
        place = Path(target).absolute()
        if os.path.lexists(place):
            raise SourceError(f"{self.subject}: not restored, {place} exists; name a new place")
        self._restore_into(place, files, work)
        return str(place)

    def _restore_into(
        self, place: Path, files: Mapping[str, Callable[[], BinaryIO]], work: Work
    ) -> None:
        if self.restore_command is None:
            raise SourceError(f"{self.subject}: say with `restore` how it is restored")
        words = [word.replace(_TARGET, str(place)) for word in self.restore_command]
        content = blocks(content_of(files, _FILE, self.subject), work, self.subject)
        self._program(words).fed(content, work)
        if not os.path.lexists(place):
            raise SourceError(f"{self.subject}: {words[0]} ended well but made no {place}")

    def _program(self, argv: list[str]) -> Program:
        environment = {name: revealed(value) for name, value in self.environment.items()}
        return Program(argv, self.subject, environment=environment, directory=self.directory)


def _remove(place: Path) -> None:
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
