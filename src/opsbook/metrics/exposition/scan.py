"""Reads a body line after line, with what is known of its lines from before."""

from collections import defaultdict
from dataclasses import dataclass, field

from opsbook.core.labels import Labels
from opsbook.metrics.exposition.canonical import BOUNDS
from opsbook.metrics.exposition.format import Format, Note
from opsbook.metrics.exposition.model import Limits
from opsbook.metrics.exposition.series import Naming
from opsbook.metrics.exposition.tails import BadTailError, read_tails
from opsbook.metrics.metadata import Metadata
from opsbook.metrics.model import Times, Values
from opsbook.probes.exposition import ExpositionError

_HEAD_ENDS = (b" ", b"\t", b"}")
"""With these a head is over; behind others, more letters would make it another."""


@dataclass(frozen=True, slots=True)
class Known:
    """What heads and comments mean in one format, whatever lines stand around them.

    A label that holds a bound is read otherwise after another TYPE, so heads are kept apart by it.
    """

    series: defaultdict[str | None, dict[bytes, Labels]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    notes: dict[bytes, Note | None] = field(default_factory=dict)


class Scan:
    """What one body says. Raises ExpositionError with the number of the line."""

    def __init__(
        self, format_: Format, body: bytes, lines: list[bytes], before: Known, limits: Limits
    ) -> None:
        self.known = Known()
        """What of `before` was met again, and what is new."""
        self.heads: list[bytes] = []
        """For each line what it has to begin with to mean the same with another value."""
        self.series: list[Labels] = []
        """Of each sample, as are `lines`."""
        self.lines: list[int] = []
        self._format, self._body, self._lines = format_, body, lines
        self._before, self._limits = before, limits
        self._tails: list[bytes] = []
        self._said: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._naming = Naming()
        self._bound: str | None = None
        self.values, self.times = self._run()
        self.metadata = {family: Metadata(**said) for family, said in self._said.items()}

    def _run(self) -> tuple[Values, Times | None]:
        try:
            self._read_lines()
        except ExpositionError:
            self._read_tails()  # what is wrong further up is the thing to say
            raise
        return self._read_tails()

    def _read_lines(self) -> None:
        index = position = 0
        self._format.check_end(self._lines)
        try:
            while (index := len(self.heads)) < len(self._lines):
                line = self._lines[index]
                if self._format.is_comment(line):
                    self._read_comment(line)
                    position += len(line) + 1
                else:
                    position = self._read_sample(line, position)
        except ExpositionError as error:
            raise self._at(index, error) from None

    def _read_tails(self) -> tuple[Values, Times | None]:
        try:
            return read_tails(self._format, self._tails)
        except BadTailError as error:
            raise self._at(self.lines[error.index], error) from None

    def _at(self, index: int, error: ExpositionError) -> ExpositionError:
        line, text = self._lines[index], str(error)
        if line.endswith(b"\r"):
            text += "; the line ends with a carriage return: a line feed alone has to end it"
        elif line.lstrip().startswith(b"<"):
            text += "; this looks like a page of HTML: is the path of the metrics right?"
        return ExpositionError(f"line {index + 1}: {text}")

    def _read_comment(self, line: bytes) -> None:
        notes = self._before.notes
        note = notes[line] if line in notes else self._format.note(line)
        self.known.notes[line] = note
        self.heads.append(_only(line))
        if note is None:
            return
        self._said[note.family][note.field] = note.text
        if note.field == "type":
            # As in Prometheus: up to the next TYPE, whatever the families of the samples.
            self._bound = BOUNDS.get(note.text)

    def _read_sample(self, line: bytes, start: int) -> int:
        """Read the sample that begins here; where the next line begins."""
        if len(self.series) >= self._limits.samples:
            raise ExpositionError(f"there are more than {self._limits.samples} samples")
        # A known head and then one word, or two, as nearly all lines are.
        heads, cut = self._before.series[self._bound], len(line) + 1
        for _ in range(2 if heads else 0):
            cut = line.rfind(b" ", 0, max(cut - 1, 0)) + 1
            labels = heads.get(line[:cut])
            if labels is not None:
                self._take_whole(line, cut, labels)
                return start + len(line) + 1
        return self._read_new(start)

    def _read_new(self, start: int) -> int:
        head = self._format.head(self._body, start)
        labels = self._naming.labels(head, self._bound)
        end = self._body.find(b"\n", head.end)
        end = len(self._body) if end < 0 else end
        if end - start > self._limits.line_bytes:
            raise too_long(end - start, self._limits)
        # A label's value may hold line feeds; all but the last line are part of the head then.
        last = self._body.rfind(b"\n", start, head.end) + 1
        if last:
            self.heads += map(_only, self._body[start : last - 1].split(b"\n"))
            self._take(self._body[last:end], head.end - last, labels)
        else:
            self._take_whole(self._body[start:end], head.end - start, labels)
        return end + 1

    def _take_whole(self, line: bytes, cut: int, labels: Labels) -> None:
        """Take a sample on a line of its own, and remember its head wherever it may stand."""
        head = line[:cut]
        if head.endswith(_HEAD_ENDS):
            self.known.series[self._bound][head] = labels
        self._take(line, cut, labels)

    def _take(self, line: bytes, cut: int, labels: Labels) -> None:
        head = line[:cut]
        self.lines.append(len(self.heads))
        self.heads.append(head if head.endswith(_HEAD_ENDS) else _only(line))
        self.series.append(labels)
        self._tails.append(line[cut:])


def _only(line: bytes) -> bytes:
    """What no line begins with, so that only this line itself is taken for it."""
    return line + b"\n"


def too_long(length: int, limits: Limits) -> ExpositionError:
    return ExpositionError(f"the line has {length} bytes; at most {limits.line_bytes} are read")
