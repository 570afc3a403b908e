"""Keeps samples in this process and in files of its own."""

from collections.abc import Sequence

from pydantic import Field, PrivateAttr

from opsbook.book.fields import Duration, Size
from opsbook.core.labels import Labels
from opsbook.metrics.model import Frame, Matcher, Share, Unchanged, Values
from opsbook.metrics.storage.engine import Engine
from opsbook.metrics.storage.limits import Limits
from opsbook.metrics.store import Layout, Receipt, Stats, Store


class Embedded(Store):
    """Keeps samples in the data directory, with no other server.

    A write-ahead log makes a sample that was taken survive the death of the process; blocks of
    some hours hold the rest, compressed.
    """

    retention: Duration = Field(default=15 * 86_400.0, ge=3_600.0)
    """How long samples are kept."""
    retention_size: Size | None = Field(default=None, ge=1_000_000)
    """Oldest samples go when files take more than this."""
    out_of_order: Duration = Field(default=600.0, ge=0)
    """Samples this much older than the newest of their group are still taken."""
    series: int = Field(default=1_000_000, ge=1)
    """Most series in all."""
    series_per_group: int = Field(default=50_000, ge=1)
    """Most series of one target, check or source."""
    query_samples: int = Field(default=50_000_000, ge=1)
    """Most samples that one selector may read."""
    cache: Size = Field(default=128 * 1024 * 1024, ge=0)
    """Memory for samples that were read lately; with 0 answers are not remembered either."""
    sync: Duration = Field(default=1.0, ge=0.01)
    """A loss of power costs at most the samples of this time."""

    _engine: Engine | None = PrivateAttr(default=None)

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("the store was not started")
        return self._engine

    @property
    def trouble(self) -> str | None:
        return self.engine.trouble

    def start(self) -> None:
        engine = Engine(self.home, self._limits(), self._clock)
        engine.start()
        self._engine = engine

    def close(self) -> None:
        if self._engine is not None:
            self._engine.close()

    def layout(self, group: str, labels: Sequence[Labels]) -> Layout:
        return self.engine.layout(group, labels)

    def append_row(self, layout: Layout, at: int, values: Values) -> Receipt:
        return self.engine.append_row(layout, at, values)

    def select(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Frame]:
        return self.engine.select(matchers, start, end)

    def shares(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Share]:
        return self.engine.shares(matchers, start, end)

    def watch(self, matchers: tuple[Matcher, ...], start: int, end: int) -> Unchanged | None:
        return self.engine.watch(matchers, start, end)

    def matching(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Labels]:
        return self.engine.series(matchers, start, end)

    def delete(self, matchers: tuple[Matcher, ...], start: int, end: int) -> None:
        self.engine.delete(matchers, start, end)

    def stats(self) -> Stats:
        return self.engine.stats()

    def _limits(self) -> Limits:
        return Limits(
            retention=int(self.retention * 1000),
            retention_bytes=self.retention_size,
            out_of_order=int(self.out_of_order * 1000),
            series=self.series,
            series_per_group=self.series_per_group,
            query_samples=self.query_samples,
            cache_bytes=self.cache,
            sync_seconds=self.sync,
        )
