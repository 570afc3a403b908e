"""Samples on a clock that is only a number."""

from opsbook.alerts.rules.unit.samples import Given, VirtualSamples
from opsbook.core.labels import NAME, Labels, labels_of
from opsbook.metrics.model import STALE, Matcher, is_absent, is_stale
from opsbook.metrics.promql.series_text import Points


def series(name: str, **labels: str) -> Labels:
    return labels_of({NAME: name, **labels})


def found(samples: VirtualSamples, name: str, start: int = 0, end: int = 10_000) -> dict[str, str]:
    """Job → times and values, an S where the series ended."""
    shown: dict[str, str] = {}
    for frame in samples.select((Matcher(NAME, "=", name),), start, end):
        for column, labels in enumerate(frame.labels):
            values = frame.values[:, column].copy()
            marks = zip(frame.times, values, is_absent(values), is_stale(values), strict=True)
            job = dict(labels).get("job", "")
            assert job not in shown, "a series stands in one frame"
            shown[job] = " ".join(
                f"{at}:{'S' if stale else f'{value:g}'}"
                for at, value, gone, stale in marks
                if not gone
            )
    return shown


def given(**points: Points) -> VirtualSamples:
    listed = {series("x", job=job): each for job, each in points.items()}
    samples = VirtualSamples(Given(listed, 0, 1000))
    samples.now = 5000
    return samples


def test_nothing_is_seen_of_what_is_to_come() -> None:
    samples = given(a=[0, 1, 2, 3])
    samples.now = 1000
    assert found(samples, "x") == {"a": "0:0 1000:1"}
    samples.now = 2500
    assert found(samples, "x", start=1) == {"a": "1000:1 2000:2"}


def test_gaps_and_ends_are_as_they_were_written() -> None:
    samples = given(a=[0, None, 2], b=[None, float(STALE)], c=[None])
    assert found(samples, "x") == {"a": "0:0 2000:2", "b": "1000:S"}
    assert found(samples, "x", start=2000) == {"a": "2000:2"}


def test_what_is_made_on_the_way_is_found_too() -> None:
    samples = given(a=[1])
    for at in range(0, 40_000, 1000):
        samples.append("g", at, {series("y", job="m"): at / 1000})
    samples.now = 40_000
    assert found(samples, "y", 37_000, 99_000) == {"m": "37000:37 38000:38 39000:39"}
    assert found(samples, "z") == {}


def test_a_series_that_is_known_may_be_written_where_it_has_no_sample() -> None:
    samples = given(a=[0, None, 2, 3], b=[7])
    receipt = samples.append("g", 1000, {series("x", job="a"): 1.0})
    assert (receipt.taken, receipt.refused) == (1, {})
    assert found(samples, "x") == {"a": "0:0 1000:1 2000:2 3000:3", "b": "0:7"}


def test_a_sample_that_contradicts_one_is_refused_and_the_same_one_is_not() -> None:
    samples = given(a=[0, 1])
    assert samples.append("g", 1000, {series("x", job="a"): 1.0}).repeated == 1
    refused = samples.append("g", 1000, {series("x", job="a"): 2.0}).refused
    assert refused == {"duplicate sample for timestamp": 1}
    assert samples.append("g", 2000, {series("x", job="a"): float(STALE)}).taken == 1
    assert samples.append("g", 2000, {series("x", job="a"): float("nan")}).refused
