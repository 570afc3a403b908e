"""A run as it comes: steps that begin and end, and what their commands write meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.jobs.output import Piece
from opsbook.durable.model import RunInfo
from opsbook.durable.port import Runs, UnknownRunError
from opsbook.runbooks.ids import short
from opsbook.runbooks.model import Line
from opsbook.runbooks.output import Output
from opsbook.runbooks.view import Mark, marks

_LOOK_EVERY = 0.25


class Following:
    """Lines have the same numbers whoever follows, and whenever: those of a command stand
    between the begin and the end of its step. A resumed run counts anew from there."""

    def __init__(self, runs: Runs, jobs: Jobs, output: Output, run: str) -> None:
        """`output` is what was written on other hosts."""
        self._runs, self._jobs, self._elsewhere, self._run = runs, jobs, output, run
        self._count = 0
        self._seen = 0
        self._tries: dict[str, int] = {}
        self._open: str | None = None
        self._host: str | None = None
        """The other host on which it is carried out."""
        self._at = 0

    async def lines(self, position: int) -> AsyncIterator[Line]:
        """Those from a position on, until the run has ended."""
        while True:
            info = await self._runs.show(self._run)
            async for line in self._news(info):
                if line.position > position:
                    yield line
            if info.state.ended:
                line = self._line("run", "", f"{info.state}{_why(info)}", info.ended_at)
                if line.position > position:
                    yield line
                return
            await asyncio.sleep(_LOOK_EVERY)

    async def _news(self, info: RunInfo) -> AsyncIterator[Line]:
        found = list(marks(info))
        for mark in found[self._seen :]:
            async for line in self._of(mark, info.round):
                yield line
        self._seen = len(found)
        async for line in self._output(info.round, over=info.state.ended):
            yield line

    async def _of(self, mark: Mark, round_: int) -> AsyncIterator[Line]:
        at, content = mark.info.ended_at, mark.content
        match mark.what:
            case "begun":
                self._open, self._at = mark.path, 0
                self._host = content.get("host")
                yield self._line("begun", mark.path, f"{content.get('subject', '')}", at)
            case "act" | "host":
                self._open = self._open or mark.path
                async for line in self._output(round_, over=True):
                    yield line
                self._tries[mark.path] = mark.number + 1
                self._at = 0
                if (trouble := content.get("failed", content.get("unknown"))) is not None:
                    yield self._line("failed", mark.path, str(trouble), at)
            case "precheck":
                self._tries[mark.path] = mark.number
            case "done":
                self._open = None
                yield self._line("ended", mark.path, "done", at)
            case "failed":
                self._open = None
                yield self._line("failed", mark.path, str(content.get("error", "")), at)
            case "skipped" | "printed":
                text = str(content.get("printed", "left out"))
                yield self._line("skipped", mark.path, text, at)
            case "window" if not content.get("left"):
                return
            case what if what == "window" or what.startswith("asks"):
                yield self._line("waiting", mark.path, f"{content.get('subject', '')}", at)
            case _:
                return

    async def _output(self, round_: int, *, over: bool) -> AsyncIterator[Line]:
        """What the command of the open step wrote since we looked."""
        if self._open is None:
            return
        number = self._tries.get(self._open, 1)
        job = short(f"{self._run}.{self._open}.{round_}.{number}")
        while pieces := await self._pieces(job, over=over):
            for piece in pieces:
                self._at = piece.end
                for text in piece.text.splitlines():
                    yield self._line("output", self._open, text, None)

    async def _pieces(self, job: str, *, over: bool) -> Sequence[Piece]:
        if self._host is not None:
            return await asyncio.to_thread(self._elsewhere.read, job, self._at)
        try:
            piece = self._jobs.output(job).read(self._at, ended=over)
        except UnknownRunError:
            return []
        return [piece] if piece.text else []

    def _line(self, kind: str, step: str, text: str, at: float | None) -> Line:
        self._count += 1
        return Line(self._count, at, kind, step, text)  # type: ignore[arg-type]


def _why(info: RunInfo) -> str:
    return f": {info.error}" if info.error else ""
