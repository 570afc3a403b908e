"""Bytes of one target's scrapes → series and values; what did not change is not read again."""

from opsbook.metrics.exposition.format import Format
from opsbook.metrics.exposition.formats import format_of
from opsbook.metrics.exposition.model import NO_TIME, Exposition, Limits
from opsbook.metrics.exposition.scan import Known, Scan, too_long
from opsbook.metrics.exposition.shape import Shape
from opsbook.probes.exposition import ExpositionError

__all__ = ["NO_TIME", "Exposition", "ExpositionError", "Limits", "Reader"]


class Reader:
    """Reads what one target exposes, time after time. For one thread at a time.

    It remembers the last body that could be read, line by line, and nothing else: two bodies
    are told apart by comparing their bytes.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._shape: Shape | None = None

    def read(self, body: bytes, content_type: str) -> Exposition:
        """Raises ExpositionError with the number of the line and what stands there."""
        format_ = format_of(content_type)
        lines = self._split(body)
        known = self._shape if self._shape and self._shape.format is format_ else None
        if known is None or not known.update(lines):
            shape = Shape(format_, lines, self._scan(format_, body, lines, known))
            if self._shape:
                shape.share(self._shape)
            self._shape = shape
        assert self._shape is not None
        return self._shape.exposition()

    def _split(self, body: bytes) -> list[bytes]:
        if body.count(b"\n") > self._limits.lines:
            raise ExpositionError(f"there are more than {self._limits.lines} lines")
        lines = body.split(b"\n")
        if not lines[-1]:
            lines.pop()
        if len(body) > self._limits.line_bytes:
            for number, length in enumerate(map(len, lines), 1):
                if length > self._limits.line_bytes:
                    raise ExpositionError(f"line {number}: {too_long(length, self._limits)}")
        return lines

    def _scan(self, format_: Format, body: bytes, lines: list[bytes], known: Shape | None) -> Scan:
        if known:
            try:
                return Scan(format_, body, lines, known.known, self._limits)
            except ExpositionError:
                # What is known finds heads faster; whether a line is right, it does not decide.
                pass
        return Scan(format_, body, lines, Known(), self._limits)
