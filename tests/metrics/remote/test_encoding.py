"""What is sent is what a receiver reads."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.remote.decoding import decode, labels_in
from opsbook.metrics.remote.encoding import encoded_labels, encoded_row, encoded_series

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
LABELS = st.dictionaries(TEXT, TEXT, max_size=5).map(
    lambda pairs: labels_of({**pairs, "__name__": "m"})
)
TIME = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**42))


@given(st.lists(st.tuples(LABELS, st.lists(st.tuples(TIME, st.floats()), max_size=4)), max_size=5))
def test_series_come_back(sent: list[tuple[Labels, list[tuple[int, float]]]]) -> None:
    written = b"".join(
        encoded_series(
            encoded_labels(labels),
            np.array([at for at, _ in points], np.int64),
            np.array([value for _, value in points], np.float64),
        )
        for labels, points in sent
    )
    read = decode(written, ())
    assert [labels_in(part) for part in read.series] == [labels for labels, _ in sent]
    assert read.samples.counts.tolist() == [len(points) for _, points in sent]
    assert read.samples.times.tolist() == [at for _, points in sent for at, _ in points]
    values = np.array([value for _, points in sent for _, value in points], np.float64)
    assert read.samples.values.view(np.uint64).tolist() == values.view(np.uint64).tolist()


@given(st.lists(LABELS, max_size=5), TIME, st.data())
def test_a_row_is_a_sample_of_each_series(sent: list[Labels], at: int, data: st.DataObject) -> None:
    values = np.array([data.draw(st.floats()) for _ in sent], np.float64)
    read = decode(encoded_row([encoded_labels(labels) for labels in sent], at, values), ())
    assert [labels_in(part) for part in read.series] == sent
    assert read.samples.times.tolist() == [at] * len(sent)
    assert read.samples.values.view(np.uint64).tolist() == values.view(np.uint64).tolist()
