"""The engine's face: types of results, what it refuses, and what stops it."""

import weakref
from dataclasses import replace
from functools import partial

import pytest

from opsbook.core.labels import labels_of
from opsbook.metrics.model import Frame, Matcher, Share
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.query import Limits
from opsbook.metrics.store import TooManySamplesError
from tests.metrics.memory import Memory

MINUTE = 60_000


def filled() -> Memory:
    memory = Memory()
    for node in ("a", "b"):
        labels = labels_of({"__name__": "up", "node": node})
        memory.add(labels, [(at * MINUTE, float(at)) for at in range(60)])
    return memory


def refused(expression: str, limits: Limits | None = None) -> QueryError:
    with pytest.raises(QueryError) as caught:
        Engine(filled(), limits or Limits()).range(expression, 0, 30 * MINUTE, MINUTE)
    return caught.value


@pytest.mark.parametrize(
    ("expression", "type_"),
    [("up", "vector"), ("1", "scalar"), ("up[5m]", "matrix"), ('"x"', "string")],
)
def test_an_instant_query_has_the_type_of_its_expression(expression: str, type_: str) -> None:
    assert Engine(filled()).instant(expression, MINUTE).type == type_


def test_a_range_query_gives_series_with_their_times_in_the_order_of_their_labels() -> None:
    result = Engine(filled()).range('-up{node="b"} or up', 0, 2 * MINUTE, MINUTE)
    assert result.type == "matrix"
    assert [series.labels for series in result.series] == [
        (("__name__", "up"), ("node", "a")),
        (("node", "b"),),
    ]
    assert result.series[1].times.tolist() == [0, MINUTE, 2 * MINUTE]
    assert result.series[1].values.tolist() == [0, -1, -2]


def test_a_scalar_over_a_range_is_one_series_without_labels() -> None:
    (series,) = Engine(filled()).range("time()", 0, MINUTE, MINUTE).series
    assert (series.labels, series.values.tolist()) == ((), [0, 60])


@pytest.mark.parametrize("expression", ["up +", "up[5m", "nothing(up)", "up offset", "{}", ""])
def test_what_cannot_be_parsed_is_bad_data(expression: str) -> None:
    assert refused(expression).type == "bad_data"


def test_a_range_vector_has_no_range_query() -> None:
    assert 'invalid expression type "range vector"' in str(refused("up[5m]"))


@pytest.mark.parametrize(
    "nested", ["(" * 5000 + "up" + ")" * 5000, "-" * 5000 + "up", "up+" * 5000]
)
def test_an_expression_too_deep_is_refused_and_the_process_stays_up(nested: str) -> None:
    assert refused(nested).type == "bad_data"


def test_a_million_steps_are_refused() -> None:
    with pytest.raises(QueryError, match="maximum resolution of 11,000 points"):
        Engine(filled()).range("up", 0, 10**9, 1000)


@pytest.mark.parametrize("step", [0, -1])
def test_a_step_must_be_positive(step: int) -> None:
    with pytest.raises(QueryError, match="zero or negative query resolution"):
        Engine(filled()).range("up", 0, 10, step)


def test_an_end_before_the_start_is_bad_data() -> None:
    with pytest.raises(QueryError, match="end timestamp must not be before start time"):
        Engine(filled()).range("up", 10, 0, 1)


@pytest.mark.parametrize(
    "expression", ["up", "rate(up[5m])", "sum_over_time(up[30m])", "up[30m:1m]"]
)
def test_a_query_stops_at_the_limit_of_samples(expression: str) -> None:
    engine = Engine(filled(), Limits(samples=1))
    with pytest.raises(QueryError, match="too many samples") as caught:
        engine.instant(expression, 40 * MINUTE)
    assert caught.value.type == "execution"


def test_a_subquery_of_a_billion_steps_takes_no_memory() -> None:
    with pytest.raises(QueryError, match="too many samples"):
        Engine(filled()).instant("sum_over_time(up[1000d:1ms])", MINUTE)


def test_what_the_store_finds_too_much_is_the_querys_fault() -> None:
    class Small:
        def select(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Frame]:
            raise TooManySamplesError("the selector would read 2 samples, more than 1")

    for expression in ("up", "rate(up[5m])", "up[5m]"):
        with pytest.raises(QueryError, match="more than 1") as caught:
            Engine(Small()).instant(expression, MINUTE)
        assert caught.value.type == "execution"


def test_frames_are_read_one_after_the_other_and_let_go() -> None:
    memory, alive, most = filled(), [0], [0]

    def read(frame: Frame) -> Frame:
        alive[0] += 1
        most[0] = max(most[0], alive[0])
        values = frame.values.copy()
        weakref.finalize(values, lambda: alive.__setitem__(0, alive[0] - 1))
        return replace(frame, values=values)

    class Many(Memory):
        def shares(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Share]:
            (one, *_) = memory.select(matchers, start, end)
            frames = [
                replace(one, labels=tuple((*labels, ("n", str(n))) for labels in one.labels))
                for n in range(50)
            ]
            return [Share(one.values.size, partial(read, frame)) for frame in frames]

    for function in ("rate", "max_over_time", "sum_over_time"):
        (series,) = Engine(Many()).range(f"sum({function}(up[5m]))", 0, 50 * MINUTE, MINUTE).series
        assert len(series.times) > 40
        assert most[0] < 5, "fifty frames are not needed at a time"


def test_a_query_stops_when_its_time_is_over() -> None:
    assert refused("sum(up)", Limits(seconds=-1)).type == "timeout"


def test_a_query_stops_when_nobody_waits_for_it() -> None:
    with pytest.raises(QueryError) as caught:
        Engine(filled()).instant("up", MINUTE, cancelled=lambda: True)
    assert caught.value.type == "canceled"


def test_windows_ask_the_store_for_no_more_than_they_need() -> None:
    asked = []

    class Asked:
        def select(self, matchers: tuple[Matcher, ...], start: int, end: int) -> list[Frame]:
            asked.append((matchers, start, end))
            return []

    engine = Engine(Asked())
    engine.range("rate(up[5m] offset 1m)", 10 * MINUTE, 20 * MINUTE, MINUTE)
    engine.instant("up", 10 * MINUTE)
    name = (Matcher("__name__", "=", "up"),)
    assert asked == [
        (name, 4 * MINUTE + 1, 19 * MINUTE),
        (name, 5 * MINUTE + 1, 10 * MINUTE),
    ]
