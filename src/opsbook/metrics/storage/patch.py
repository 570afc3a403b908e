"""Cells of a column that are markers: taken out before compression and put back after it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from opsbook.metrics.model import Values, is_absent, is_stale

RUN = np.dtype([("column", "<u4"), ("start", "<u4"), ("length", "<u4"), ("bits", "<u8")])
Runs = NDArray[Any]


def take_out(columns: Values) -> list[Runs]:
    """Replace markers by the value before them; the runs that were replaced, by column.

    `columns` are rows of the matrix here. A column must have one value that is no marker, or
    it becomes all zero.
    """
    special = is_absent(columns) | is_stale(columns)
    found = []
    for column in np.flatnonzero(special.any(axis=1)).tolist():
        found.append(_runs(column, columns[column], special[column]))
        _fill(columns[column], special[column])
    return found


def put_back(values: Values, runs: Runs, row: int) -> None:
    """Write the markers of one column into a row of a matrix."""
    bits = values[row].view(np.uint64)
    for _, start, length, marker in runs.tolist():
        bits[start : start + length] = marker


def clipped(runs: Runs, rows: slice) -> Runs:
    """What of the runs lies in some rows, counted from the first of these."""
    start = np.maximum(runs["start"].astype(np.int64), rows.start)
    stop = np.minimum(runs["start"].astype(np.int64) + runs["length"], rows.stop)
    inside = stop > start
    kept: Runs = runs[inside].copy()
    kept["start"], kept["length"] = (start - rows.start)[inside], (stop - start)[inside]
    return kept


def _runs(column: int, values: Values, special: NDArray[np.bool_]) -> Runs:
    bits = np.where(special, values.view(np.uint64), np.uint64(0))
    edges = np.flatnonzero(np.diff(bits, prepend=~bits[:1]))
    lengths = np.diff(edges, append=len(bits))
    marked = special[edges]
    runs = np.empty(int(marked.sum()), RUN)
    runs["column"], runs["start"] = column, edges[marked]
    runs["length"], runs["bits"] = lengths[marked], bits[edges][marked]
    return runs


def _fill(values: Values, special: NDArray[np.bool_]) -> None:
    plain = np.flatnonzero(~special)
    if not len(plain):
        values[:] = 0.0
        return
    before = np.maximum(plain.searchsorted(np.arange(len(values)), side="right") - 1, 0)
    values[special] = values[plain[before]][special]
