"""From the store's frames to the newest sample of each series at each step."""

from functools import partial

import numpy as np

from opsbook.metrics.model import Frame, Share, Times, Values, is_absent, is_stale
from opsbook.metrics.promql.nodes import Selector
from opsbook.metrics.promql.parallel import each
from opsbook.metrics.promql.query import Grid, Query
from opsbook.metrics.promql.vector import Mask, Vector, joined, occurring, repeated


def instant(query: Query, selector: Selector, grid: Grid, *, stamps: bool = False) -> Vector:
    """The values, or with `stamps` the times in seconds of the samples themselves."""
    at = query.looks_at(selector.when, grid)
    start = int(at.min()) - query.limits.lookback + 1
    shares = query.shares(selector.matchers, start, int(at.max()))
    tasks = [partial(_of_share, query, share, at, stamps) for share in shares]
    parts = each(tasks, sum(share.samples for share in shares))
    return occurring(joined([part for part in parts if part is not None], grid.steps))


def _of_share(query: Query, share: Share, at: Times, stamps: bool) -> Vector | None:
    query.check()
    frame = share.read()
    if frame is None:
        return None
    query.touch(len(at) * len(frame.labels))
    picked = _newest if frame.whole else _newest_of_each
    values, present = picked(frame, at, query.limits.lookback, stamps)
    return Vector(frame.labels, (False,) * len(frame.labels), values, present)


def _newest(frame: Frame, at: Times, lookback: int, stamps: bool) -> tuple[Values, Mask]:
    rows = frame.times.searchsorted(at, side="right") - 1
    found = rows >= 0
    rows = rows.clip(0)
    found &= frame.times[rows] > at - lookback
    shape = (len(at), len(frame.labels))
    present = repeated(found, len(frame.labels))
    if stamps:
        return np.broadcast_to(frame.times[rows, None] / 1000, shape), present
    return frame.values[rows], present


def _newest_of_each(frame: Frame, at: Times, lookback: int, stamps: bool) -> tuple[Values, Mask]:
    """Each column has its own newest row: the last above that is not absent."""
    numbers = np.arange(len(frame.times))[:, None]
    filled = np.maximum.accumulate(np.where(is_absent(frame.values), -1, numbers), axis=0)
    upto = frame.times.searchsorted(at, side="right") - 1
    rows = filled[upto.clip(0)]
    present = (upto >= 0)[:, None] & (rows >= 0)
    rows = rows.clip(0)
    values = np.take_along_axis(frame.values, rows, axis=0)
    present &= (frame.times[rows] > (at - lookback)[:, None]) & ~is_stale(values)
    return (frame.times[rows] / 1000 if stamps else values), present
