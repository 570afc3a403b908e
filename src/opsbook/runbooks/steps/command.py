"""`command`: a program is run, once, and its end is known whatever dies meanwhile."""

import asyncio
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from opsbook.book.fields import Duration, Size
from opsbook.core.secrets import Secret
from opsbook.durable.jobs.model import MEBIBYTE, Ending, Outcome
from opsbook.durable.jobs.model import Command as Job
from opsbook.durable.jobs.output import JobOutput
from opsbook.durable.values import Json
from opsbook.probes.extract import Extraction
from opsbook.runbooks.action import Action, ActionFailedError, ActionUnknownError, Change
from opsbook.runbooks.context import Context
from opsbook.runbooks.fields import TemplateOrSecret
from opsbook.runbooks.fitting import LARGEST_DOCUMENT, LARGEST_TEXT, document, simple, tail
from opsbook.runbooks.template import Template

_EXTRACTED = 64 * 1024
_BEFORE_THE_TAIL = 4096
"""Bytes read before the last ones that are kept: a secret that stands across is masked whole."""

_ENDINGS = {
    Ending.TIMED_OUT: "was stopped, for it took too long",
    Ending.STOPPED: "was stopped, for its time was over or its run was cancelled",
    Ending.NOT_STARTED: "cannot be run",
}


class Command(Action):
    """Runs a program without a shell and without a terminal; after a crash it is found again."""

    argv: Annotated[list[Template], Field(min_length=1)]
    """The program and its arguments. No shell reads them: no pipes, no `$HOME`, no `*`. Anybody
    on the host can see them: give secrets in `environment`."""
    directory: Template | None = None
    """Working directory; a relative path starts at the book's own directory, the default."""
    environment: dict[str, TemplateOrSecret] = {}
    """Variables to set beside those of Opsbook; a value may be a secret reference."""
    exit_codes: Annotated[list[int], Field(min_length=1)] = [0]
    """The exit codes that are no failure."""
    keep: Size = Field(default=MEBIBYTE, ge=65_536)
    """How much of its output to keep: its beginning and its end."""
    grace: Duration = 10.0
    """From SIGTERM to SIGKILL, when its time is over."""
    output: Literal["text", "json"] = "text"
    """`json` reads the whole output as one document; what is no JSON is then a failure."""
    extract: Extraction = Extraction()
    """Values to take out of the first 64 KiB of its output."""

    shows: ClassVar[frozenset[str]] = frozenset({"argv"})
    class_told: ClassVar[str] = "Only the book knows it, and must say it."
    gives: ClassVar[Mapping[str, str]] = {
        "exit_code": "what it ended with",
        "seconds": "how long it ran",
        "output": "the end of what it wrote, standard error included; not where that is JSON",
        "json": "the document that it wrote, with `output: json`",
        "values": "what `extract` found, by name",
    }

    @property
    def subject(self) -> str:
        return shlex.join(str(word) for word in self.argv)[:200]

    @property
    def least_class(self) -> None:
        return None

    async def preview(self, context: Context) -> Change:
        words = shlex.join(context.text(word) for word in self.argv)
        return Change(self.subject, "not run", tail(f"what `{words}` makes of it"))

    async def carry_out(self, context: Context) -> dict[str, Json]:
        jobs = context.hands.jobs
        outcome = await jobs.carry_out(context.job_id, self._job(context), context.stopping)
        found = jobs.output(context.job_id)
        result: dict[str, Json] = {"exit_code": outcome.code, "seconds": outcome.seconds}
        self._judge(outcome, result | {"output": outcome.words})
        return result | await asyncio.to_thread(self._read, found, result)

    def _job(self, context: Context) -> Job:
        directory = context.text(self.directory) if self.directory else ""
        return Job(
            [context.text(word) for word in self.argv],
            Path(context.hands.directory, directory),
            context.within,
            {
                name: given if isinstance(given, Secret) else context.text(given)
                for name, given in self.environment.items()
            },
            self.grace,
            self.keep,
        )

    def _judge(self, outcome: Outcome, result: dict[str, Json]) -> None:
        if outcome.ending is Ending.UNKNOWN:
            raise ActionUnknownError(
                f"{self.subject} was started, and nobody saw how it ended: see what it has done, "
                f"then have it done again or not; its last words: {outcome.words or 'none'}"
            )
        if outcome.ending is Ending.EXITED:
            how = f"ended with {outcome.code}"
        else:
            how = _ENDINGS.get(outcome.ending, f"was killed by signal {outcome.signal}")
        if outcome.ending is not Ending.EXITED or outcome.code not in self.exit_codes:
            said = outcome.error or outcome.words or "it said nothing"
            raise ActionFailedError(f"{self.subject} {how}: {said}", result)

    def _read(self, output: JobOutput, result: dict[str, Json]) -> dict[str, Json]:
        found: dict[str, Json] = {}
        if self.output == "json":
            found["json"] = self._document(output, result)
        else:
            start = max(0, output.size() - LARGEST_TEXT - _BEFORE_THE_TAIL)
            found["output"] = tail(_text(output, start, LARGEST_TEXT + _BEFORE_THE_TAIL))
        if self.extract.extracted():
            values = self.extract.extract(_text(output, 0, _EXTRACTED).encode())
            found["values"] = {name: simple(value) for name, value in values.items()}
        return found

    def _document(self, output: JobOutput, result: dict[str, Json]) -> Json:
        most = min(4 * LARGEST_DOCUMENT, self.keep // 2)
        if output.size() > most:
            said = f"it wrote {output.size()} bytes, more than {most} are not read as JSON"
            raise ActionFailedError(f"{self.subject}: {said}", result)
        try:
            return document(_text(output, 0, most))
        except ValueError as error:
            said = f"{error}; its output, standard error included, must be one document"
            raise ActionFailedError(f"{self.subject}: {said}", result) from None


def _text(output: JobOutput, start: int, most: int) -> str:
    """What was written from a byte on, as far as it was kept, and no more than so many."""
    parts: list[str] = []
    end = start + most
    while start < end and (piece := output.read(start, ended=True, most=end - start)).text:
        parts.append(piece.text)
        start = piece.end
    return "".join(parts)
