"""Whatever comes: what is remembered changes nothing, and a slow reader finds the same."""

import math
import random
from collections.abc import Iterable, Mapping

import numpy as np
import prometheus_client.openmetrics.parser
import prometheus_client.parser
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.exposition.reader import NO_TIME, Exposition, ExpositionError, Reader
from opsbook.metrics.model import is_absent, is_stale
from tests.metrics.exposition import reference
from tests.metrics.exposition.bodies import OPENMETRICS, TEXT, blows, bodies, scrapes

often = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))

Series = Mapping[Labels, tuple[float, int | None]]


def outcome(reader: Reader, body: bytes, content_type: str) -> Exposition | str:
    try:
        return reader.read(body, content_type)
    except ExpositionError as error:
        return str(error)


def series_of(found: Exposition) -> Series:
    times = [NO_TIME] * len(found.labels) if found.times is None else found.times.tolist()
    return {
        labels: (value, None if time == NO_TIME else time)
        for labels, value, time in zip(found.labels, found.values.tolist(), times, strict=True)
    }


def assert_same(one: Series, other: Series) -> None:
    assert list(one) == list(other)
    for (value, time), (its_value, its_time) in zip(one.values(), other.values(), strict=True):
        assert value == its_value or (math.isnan(value) and math.isnan(its_value))
        assert math.copysign(1, value) == math.copysign(1, its_value) or math.isnan(value)
        assert time == its_time


@st.composite
def sequences(draw: st.DrawFn) -> list[tuple[bytes, str]]:
    """Scrapes of one target: mostly the body before with a few blows."""
    scrapes: list[tuple[bytes, str]] = []
    for _ in range(draw(st.integers(2, 6))):
        if scrapes and draw(st.integers(0, 4)) > 0:
            body, content_type = scrapes[draw(st.integers(0, len(scrapes) - 1))]
            if draw(st.integers(0, 9)) == 0:
                content_type = draw(st.sampled_from([TEXT, OPENMETRICS]))
            scrapes.append((draw(blows(body)), content_type))
        else:
            openmetrics = draw(st.booleans())
            body = draw(bodies(openmetrics, draw(st.integers(0, 3)) == 0))
            scrapes.append((body, OPENMETRICS if openmetrics else TEXT))
    return scrapes


@often
@given(sequences())
def test_a_reader_that_remembers_finds_what_one_without_memory_finds(
    scrapes: list[tuple[bytes, str]],
) -> None:
    assert_memory_changes_nothing(scrapes)


@pytest.mark.parametrize("seed", range(4))
def test_nor_does_memory_change_anything_where_mostly_values_change(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(400):
        assert_memory_changes_nothing(scrapes(chance))


def assert_memory_changes_nothing(scrapes: Iterable[tuple[bytes, str]]) -> None:
    remembering = Reader()
    before: Exposition | None = None
    for body, content_type in scrapes:
        found = outcome(remembering, body, content_type)
        wanted = outcome(Reader(), body, content_type)
        if isinstance(found, str) or isinstance(wanted, str):
            assert found == wanted
            continue
        assert_same(series_of(found), series_of(wanted))
        assert (found.times is None) == (wanted.times is None)
        assert (found.metadata, found.repeated) == (wanted.metadata, wanted.repeated)
        assert list(found.metadata) == list(wanted.metadata) or found.metadata == wanted.metadata
        if before and before.labels == found.labels:
            assert found.labels is before.labels
        before = found


@often
@given(st.data(), st.booleans(), st.booleans())
def test_a_slow_reader_finds_the_same(data: st.DataObject, openmetrics: bool, odd: bool) -> None:
    body = data.draw(bodies(openmetrics, odd))
    if odd:
        body = data.draw(blows(body))
    found = outcome(Reader(), body, OPENMETRICS if openmetrics else TEXT)
    try:
        wanted = reference.read(body, openmetrics=openmetrics)
    except reference.RefusedError:
        assert isinstance(found, str)
        return
    assert not isinstance(found, str), found
    assert_same(series_of(found), wanted.series)
    assert found.repeated == wanted.repeated
    metadata = {
        family: {"type": said.type, "help": said.help, "unit": said.unit}
        for family, said in found.metadata.items()
    }
    assert metadata == wanted.metadata


@settings(often, max_examples=60)
@given(st.data(), st.booleans())
def test_prometheus_client_finds_the_same_where_it_reads_the_body(
    data: st.DataObject, openmetrics: bool
) -> None:
    body = data.draw(bodies(openmetrics))
    # It takes -0 for 0, renames counters, and does not write bounds anew as Prometheus 3 does.
    assume(not any(word in body for word in (b"\0", b"histogram", b"summary", b"counter", b" -0")))
    found = outcome(Reader(), body, OPENMETRICS if openmetrics else TEXT)
    assume(not isinstance(found, str))
    assert not isinstance(found, str)
    parser = prometheus_client.openmetrics.parser if openmetrics else prometheus_client.parser
    try:
        families = list(parser.text_string_to_metric_families(body.decode()))
    except ValueError:
        assume(False)
    theirs = client_series(families)
    if found.repeated == 0 and len(theirs) == len(found.labels):
        mine = {labels_of(dict(labels)): point for labels, point in series_of(found).items()}
        assert sorted(mine) == sorted(theirs)
        assert_same({labels: mine[labels] for labels in sorted(mine)}, dict(sorted(theirs.items())))


def client_series(families: Iterable[object]) -> dict[Labels, tuple[float, int | None]]:
    found = {}
    for family in families:
        for sample in family.samples:  # type: ignore[attr-defined]
            time = sample.timestamp
            labels = labels_of({**sample.labels, NAME: sample.name})
            value = math.nan if sample.value is None else float(sample.value)
            found[labels] = (value, None if time is None else round(float(time) * 1000))
    return found


@often
@given(st.binary(max_size=200), st.sampled_from([TEXT, OPENMETRICS]), st.booleans())
def test_any_bytes_are_read_or_refused(body: bytes, content_type: str, ended: bool) -> None:
    reader = Reader()
    for each in (body, body + b"\n# EOF" if ended else body):
        if isinstance(refusal := outcome(reader, each, content_type), str):
            assert refusal.startswith("line ")


@often
@given(st.data(), st.booleans())
def test_no_text_makes_a_marker(data: st.DataObject, openmetrics: bool) -> None:
    body = data.draw(bodies(openmetrics))
    found = outcome(Reader(), body, OPENMETRICS if openmetrics else TEXT)
    if not isinstance(found, str):
        assert not is_stale(found.values).any()
        assert not is_absent(found.values).any()


@pytest.mark.parametrize("value", ["NaN", "nan", "NAN"])
def test_every_nan_is_the_plain_one(value: str) -> None:
    found = Reader().read(f"up {value}\n".encode(), TEXT)
    assert found.values.view(np.uint64).tolist() == [0x7FF8000000000000]
