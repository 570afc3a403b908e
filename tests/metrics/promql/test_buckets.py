"""Histograms of many series at once, against each alone."""

import numpy as np

from opsbook.core.labels import labels_of
from opsbook.metrics.promql.engine import Engine
from tests.metrics.memory import Memory

_BOUNDS = ("0.1", "0.5", "1", "+Inf")


def filled(gap: bool) -> Memory:
    """Nine histograms over twenty minutes; with a gap one bucket comes later than the rest."""
    random = np.random.default_rng(7)
    memory = Memory()
    for node in range(9):
        counts = np.cumsum(np.cumsum(random.integers(0, 9, (4, 20)), axis=0), axis=1)
        for bucket, bound in enumerate(_BOUNDS):
            labels = labels_of({"__name__": "took_bucket", "le": bound, "node": str(node)})
            late = 12 if gap and bucket == 1 and node % 2 else 0
            memory.add(labels, [(at * 60_000, counts[bucket, at]) for at in range(late, 20)])
    return memory


def test_many_histograms_together_are_as_each_alone() -> None:
    for gap in (False, True):
        engine = Engine(filled(gap))
        together = engine.range("histogram_quantile(0.7, took_bucket)", 0, 1_140_000, 60_000)
        assert len(together.series) == 9
        for series in together.series:
            node = dict(series.labels)["node"]
            alone = f'histogram_quantile(0.7, took_bucket{{node="{node}"}})'
            (one,) = engine.range(alone, 0, 1_140_000, 60_000).series
            assert one.times.tolist() == series.times.tolist()
            np.testing.assert_array_equal(one.values, series.values)


def test_counts_that_fall_are_told_with_how_far() -> None:
    memory = Memory()
    for bound, count in zip(_BOUNDS, (5.0, 3.0, 8.0, 9.0), strict=True):
        memory.add(labels_of({"__name__": "odd_bucket", "le": bound}), [(0, count)])
    (said,) = Engine(memory).instant("histogram_quantile(0.9, odd_bucket)", 0).infos
    assert 'for metric name "odd_bucket", from buckets 0.5 to 0.5, with a max diff of 2' in said
    assert said.endswith("over 1 samples from 1970-01-01T00:00:00Z to 1970-01-01T00:00:00Z (1:25)")
