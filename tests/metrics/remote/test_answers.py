"""JSON of servers as results."""

import json
from typing import Any

import numpy as np
import pytest

from opsbook.core.errors import BadInputError
from opsbook.metrics.model import Matcher
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.result import Series
from opsbook.metrics.remote.answers import frames_of, moment, result_of, selector
from opsbook.metrics.remote.client import Answer

URL = "http://there"
UP = {"__name__": "up", "job": "api"}


def answer(code: int = 200, /, **content: Any) -> Answer:
    return Answer(code, json.dumps(content).encode(), {})


def success(kind: str, result: Any, **more: Any) -> Answer:
    return answer(status="success", data={"resultType": kind, "result": result}, **more)


def test_a_matrix_has_milliseconds_and_every_kind_of_number() -> None:
    points = [[1435781430.781, "1"], [1435781445.782, "NaN"], [1435781460, "-Inf"]]
    result = result_of(URL, success("matrix", [{"metric": UP, "values": points}]))
    (series,) = result.series
    assert dict(series.labels) == UP
    assert series.times.tolist() == [1435781430781, 1435781445782, 1435781460000]
    assert np.array_equal(series.values, [1.0, np.nan, -np.inf], equal_nan=True)


def test_a_vector_a_scalar_and_a_string_are_results() -> None:
    vector = result_of(URL, success("vector", [{"metric": UP, "value": [1.5, "2"]}]))
    assert (vector.type, vector.series[0].values.tolist()) == ("vector", [2.0])
    scalar = result_of(URL, success("scalar", [1.5, "2"]))
    assert (scalar.series[0].labels, scalar.series[0].times.tolist()) == ((), [1500])
    assert result_of(URL, success("string", [1.5, "hello"])).text == "hello"


def test_notes_come_along_and_native_histograms_are_one() -> None:
    found = success("vector", [{"metric": UP, "histogram": [1, {}]}], warnings=["w"], infos=["i"])
    result = result_of(URL, found)
    assert (result.series, result.warnings) == ([], ["w"])
    assert result.infos == ["i", "1 native histograms are left out"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("bad_data", "bad_data"),
        ("timeout", "timeout"),
        ("canceled", "canceled"),
        ("execution", "execution"),
        ("unavailable", "execution"),
        ("422", "execution"),
    ],
)
def test_an_error_keeps_its_words(said: str, kind: str) -> None:
    with pytest.raises(QueryError, match="because") as caught:
        result_of(URL, answer(400, status="error", errorType=said, error="because"))
    assert caught.value.type == kind


@pytest.mark.parametrize(
    "body",
    [b"<html>502</html>", b"[]", b"", b"[" * 100_000, b'{"status": "success", "data": {}}'],
)
def test_what_is_no_answer_of_prometheus_is_named(body: bytes) -> None:
    with pytest.raises(QueryError, match=r"http://there answers .*not as Prometheus does"):
        result_of(URL, Answer(502, body, {}))


def test_a_selector_is_written_so_that_any_server_takes_it() -> None:
    matchers = (Matcher("job", "=~", 'a\\.b"\n'), Matcher("na.me", "!=", ""))
    assert selector(matchers) == '{__name__!="",job=~"a\\\\.b\\"\\n","na.me"!=""}'
    with pytest.raises(BadInputError, match=r"\("):
        selector((Matcher("job", "=~", "("),))


def test_series_with_the_same_times_stand_together() -> None:
    def series(name: str, *times: int) -> Series:
        return Series((("__name__", name),), np.array(times), np.array(times, np.float64))

    frames = frames_of([series("a", 1, 2), series("b", 1, 2), series("c", 2), series("d")])
    found = {tuple(labels[0][1] for labels in frame.labels) for frame in frames}
    assert found == {("a", "b"), ("c",)}
    assert frames[0].values.tolist() == [[1.0, 1.0], [2.0, 2.0]]


def test_of_two_samples_at_one_time_the_last_counts() -> None:
    twice = Series((("__name__", "a"),), np.array([1, 1, 2]), np.array([1.0, 2.0, 3.0]))
    (frame,) = frames_of([twice])
    assert (frame.times.tolist(), frame.values.tolist()) == ([1, 2], [[2.0], [3.0]])


def test_a_moment_is_in_seconds() -> None:
    assert moment(1_435_781_430_007) == "1435781430.007"
