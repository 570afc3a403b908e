"""Every sample that is sent is in the store once, however it was sent."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from opsbook.core.labels import Labels
from opsbook.metrics.model import ABSENT
from opsbook.metrics.remote.decoding import decode
from opsbook.metrics.remote.encoding import encoded_labels
from opsbook.metrics.remote.rows import Rows, Tally
from opsbook.metrics.remote.wire import encoded_bytes
from opsbook.metrics.stores.embedded import Embedded
from tests.metrics.remote.messages import NOW, Points, message, sample, series
from tests.metrics.remote.stores import embedded
from tests.metrics.storage.model import ALWAYS, EVERYTHING, bits, samples

MINUTE = 60_000
HOUR = 60 * MINUTE


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Embedded]:
    opened = embedded(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def rows(store: Embedded) -> Rows:
    return Rows(store)


def metric(number: int, instance: str = "a:1") -> Labels:
    return series(f"m{number}", job="node", instance=instance)


def sent(rows: Rows, written: dict[Labels, Points]) -> Tally:
    return rows.write(decode(message(written), rows.known))


def held(store: Embedded) -> dict[Labels, dict[int, int]]:
    return samples(store.select(EVERYTHING, *ALWAYS))


def every(start: int, count: int, step: int = 15_000) -> list[tuple[int, float]]:
    return [(start + place * step, float(place)) for place in range(count)]


def as_held(written: dict[Labels, list[tuple[int, float]]]) -> dict[Labels, dict[int, int]]:
    return {labels: {at: bits(value) for at, value in points} for labels, points in written.items()}


def test_a_scrape_sent_in_pieces_is_one_row(store: Embedded, rows: Rows) -> None:
    for step in range(3):
        for piece in range(4):
            mine = range(piece * 5, piece * 5 + 5)
            at = NOW + step * 15_000
            assert sent(rows, {metric(number): [(at, 1.0)] for number in mine}).taken == 5
    (frame,) = store.select(EVERYTHING, *ALWAYS)
    assert frame.values.shape == (3, 20)
    assert frame.whole


def test_one_series_after_the_other_is_taken_whole(store: Embedded, rows: Rows) -> None:
    """As a loader sends files: a day of one series, then the same day of the next."""
    written = {metric(number): every(NOW - 24 * HOUR, 300, 5 * MINUTE) for number in range(4)}
    for labels, points in written.items():
        tally = sent(rows, {labels: points})
        assert (tally.taken, tally.refused) == (len(points), {})
        store.engine.keep_house()
    assert held(store) == as_held(written)


def test_a_half_of_a_target_may_lag_behind_the_other(store: Embedded, rows: Rows) -> None:
    """As two shards of a sender do that catches up at different paces."""
    ahead = {metric(number): every(NOW, 240) for number in range(5)}
    behind = {metric(number): every(NOW, 240) for number in range(5, 10)}
    for written in (ahead, behind):
        for start in range(0, 240, 20):
            piece: dict[Labels, Points] = {
                labels: points[start : start + 20] for labels, points in written.items()
            }
            assert sent(rows, piece).refused == {}
    assert held(store) == as_held(ahead | behind)


def test_what_is_out_of_order_for_its_own_series_is_refused(rows: Rows) -> None:
    sent(rows, {metric(1): [(NOW, 1.0)], metric(2): [(NOW, 1.0)]})
    tally = sent(rows, {metric(1): [(NOW - HOUR, 1.0)]})
    assert (tally.taken, tally.refused) == (0, {"too old": 1})
    assert 'm1{instance="a:1", job="node"} at 2023-11-14T21:13:20.000Z' in tally.examples["too old"]


def test_series_without_common_times_do_not_fill_memory(store: Embedded, rows: Rows) -> None:
    generator = random.Random(1)
    numbers = list(range(200))
    written = {
        metric(number): sorted((NOW + generator.randrange(10**6), 1.0) for _ in range(100))
        for number in numbers
    }
    written = {labels: list(dict(points).items()) for labels, points in written.items()}
    count = sum(map(len, written.values()))
    assert sent(rows, {labels: [(NOW - 1, 0.0)] for labels in written}).taken == 200
    assert sent(rows, dict(written)).taken == count
    cells = sum(group.head.nbytes // 8 for group in store.engine._holdings.groups.values())
    assert cells < 100 * count
    assert {labels: len(points) for labels, points in held(store).items()} == {
        labels: len(points) + 1 for labels, points in written.items()
    }


def test_the_same_again_is_repeated_and_not_refused(rows: Rows) -> None:
    written: dict[Labels, Points] = {metric(1): every(NOW, 5), metric(2): every(NOW, 5)}
    sent(rows, written)
    again = sent(rows, written)
    assert (again.taken, again.repeated, again.refused) == (0, 10, {})


def test_two_values_at_one_time_are_one_and_a_refusal(store: Embedded, rows: Rows) -> None:
    tally = sent(rows, {metric(1): [(NOW, 1.0), (NOW, 1.0), (NOW, 2.0)]})
    assert (tally.taken, tally.repeated, tally.refused) == (1, 1, {"duplicate": 1})
    assert held(store) == {metric(1): {NOW: bits(1.0)}}


def test_bad_labels_cost_only_their_own_series(store: Embedded, rows: Rows) -> None:
    nameless = encoded_bytes(1, encoded_bytes(1, b"\x0a\x01x\x12\x01y") + sample(NOW, 1.0))
    request = decode(message({metric(1): [(NOW, 1.0)]}) + nameless * 2, rows.known)
    for _ in range(2):
        tally = rows.write(request)
        assert tally.refused == {"bad labels": 2}
        assert "without a metric's name" in tally.examples["bad labels"]
    assert held(store) == {metric(1): {NOW: bits(1.0)}}


def test_a_label_that_is_too_long_costs_only_its_own_series(rows: Rows) -> None:
    long = series("m", path="x" * 20_000)
    tally = sent(rows, {metric(1): [(NOW, 1.0)], long: [(NOW, 1.0)]})
    assert (tally.taken, tally.refused) == (1, {"bad labels": 1})


def test_labels_in_another_order_are_the_same_series(store: Embedded, rows: Rows) -> None:
    swapped = b"".join(encoded_labels((pair,)) for pair in reversed(metric(1)))
    sent(rows, {metric(1): [(NOW, 1.0)]})
    rows.write(decode(encoded_bytes(1, swapped + sample(NOW + 1, 2.0)), rows.known))
    assert held(store) == {metric(1): {NOW: bits(1.0), NOW + 1: bits(2.0)}}


def test_more_series_than_the_store_admits_are_refused(tmp_path: Path) -> None:
    store = embedded(tmp_path / "small", series_per_group=3)
    rows = Rows(store)
    assert sent(rows, {metric(number): [(NOW, 1.0)] for number in range(3)}).taken == 3
    tally = sent(rows, {metric(number): [(NOW + 1, 1.0)] for number in range(5)})
    assert (tally.taken, tally.refused) == (3, {"too many series": 2})
    assert "raise series_per_group" in tally.examples["too many series"]
    store.close()


def test_the_number_that_means_absent_is_kept_as_not_a_number(store: Embedded, rows: Rows) -> None:
    assert sent(rows, {metric(1): [(NOW, float(ABSENT))]}).taken == 1
    (frame,) = store.select(EVERYTHING, *ALWAYS)
    assert np.isnan(frame.values).all()
    assert frame.whole


def test_requests_of_any_cut_are_kept_as_they_were(store: Embedded, rows: Rows) -> None:
    """Samples of several targets, shuffled into requests; each series in the order of time."""
    generator = random.Random(7)
    waiting = {
        metric(number, f"{target}:1"): every(NOW + target * 100, 40)
        for target in range(3)
        for number in range(7)
    }
    whole = {labels: list(points) for labels, points in waiting.items()}
    while waiting:
        chosen = generator.sample(sorted(waiting), min(len(waiting), generator.randint(1, 9)))
        piece: dict[Labels, Points] = {}
        for labels in chosen:
            count = generator.randint(1, 12)
            piece[labels] = waiting[labels][:count]
            waiting[labels] = waiting[labels][count:]
            if not waiting[labels]:
                del waiting[labels]
        assert sent(rows, piece).refused == {}
    assert held(store) == as_held(whole)
