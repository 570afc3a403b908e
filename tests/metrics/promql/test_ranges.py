"""A range query is nothing but the instant queries at its steps, whatever the expression."""

import math

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsbook.core.labels import Labels, labels_of
from opsbook.metrics.model import STALE
from opsbook.metrics.promql.engine import Engine
from opsbook.metrics.promql.errors import QueryError
from tests.metrics.memory import Memory

_STEP = 15_000
_VALUES = st.one_of(
    st.integers(0, 1000).map(float),
    st.integers(-4_000_000, 4_000_000).map(lambda quarters: quarters / 4),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, float(STALE), None]),
)
_SERIES = st.lists(st.lists(_VALUES, min_size=1, max_size=40), min_size=1, max_size=5)

_SELECTOR = st.sampled_from(
    ["x", 'x{i="1"}', 'x{j=~"a|b"}', "y", "x offset 1m", "x @ 200", "x @ end() offset 30s"]
)
_RANGES = st.sampled_from(["[1m]", "[2m]", "[90s] offset 30s", "[3m] @ start()", "[47s]"])
_OVER = st.sampled_from(
    ["rate", "increase", "delta", "irate", "idelta", "changes", "resets", "deriv"]
    + [f"{name}_over_time" for name in ("sum", "avg", "min", "max", "count", "last", "stdvar")]
)
_WINDOWED = st.tuples(_OVER, st.sampled_from(["x", "y", 'x{i="1"}']), _RANGES).map(
    lambda parts: f"{parts[0]}({parts[1]}{parts[2]})"
)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = st.tuples(
        st.sampled_from(["sum", "avg", "min", "max", "count", "stddev", "group"]),
        st.sampled_from(["by (j)", "without (i)", ""]),
        inner,
    ).map(lambda parts: f"{parts[0]} {parts[1]} ({parts[2]})")
    paired = st.tuples(
        inner, st.sampled_from(["+", "-", "*", "/", ">", "<= bool", "and", "or", "unless"]), inner
    ).map(lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})")
    subquery = st.tuples(_OVER, inner, st.sampled_from(["[2m:30s]", "[1m:7s] offset 10s"])).map(
        lambda parts: f"{parts[0]}(({parts[1]}){parts[2]})"
    )
    with_number = inner.map(lambda expression: f"2 * ({expression}) > -3")
    ranked = inner.map(lambda expression: f"quantile by (j) (0.4, {expression})")
    return st.one_of(grouped, paired, subquery, with_number, ranked)


EXPRESSIONS = st.recursive(st.one_of(_SELECTOR, _WINDOWED), _larger, max_leaves=3)


def _memory(series: list[list[float | None]]) -> Memory:
    memory = Memory("together")
    for number, values in enumerate(series):
        name = "y" if number == 4 else "x"
        labels = labels_of({"__name__": name, "i": str(number), "j": "ab"[number % 2]})
        samples = [(at * _STEP, value) for at, value in enumerate(values) if value is not None]
        memory.add(labels, samples)
    return memory


def _resolved(expression: str, start: int, end: int) -> str:
    """An instant query has other ends than the range: they are written out."""
    return expression.replace("start()", str(start / 1000)).replace("end()", str(end / 1000))


Points = dict[tuple[Labels, int], float]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_SERIES, EXPRESSIONS, st.integers(0, 5), st.sampled_from([7_000, 15_000, 40_000]))
def test_a_range_equals_the_instants_at_its_steps(
    series: list[list[float | None]], expression: str, first: int, step: int
) -> None:
    engine = Engine(_memory(series))
    start = first * 29_000
    end = start + 12 * step
    expression = _resolved(expression, start, end)
    try:
        expected = _instants(engine, expression, start, end, step)
    except QueryError:
        return  # a collision at one step is one of the whole range
    result = engine.range(expression, start, end, step)
    actual = {
        (one.labels, int(at)): float(value)
        for one in result.series
        for at, value in zip(one.times, one.values, strict=True)
    }
    assert actual.keys() == expected.keys()
    for place, value in expected.items():
        assert _same(actual[place], value), (expression, place, actual[place], value)


def _instants(engine: Engine, expression: str, start: int, end: int, step: int) -> Points:
    return {
        (one.labels, at): float(one.values[0])
        for at in range(start, end + 1, step)
        for one in engine.instant(expression, at).series
    }


def _same(one: float, other: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)


_VOCABULARY = (
    "x y sum rate topk quantile count_values label_replace histogram_quantile absent by without"
    " on ignoring group_left bool and or unless offset @ start() end() step() 5m 1 0x1F -1 NaN Inf"
    ' 1e999 "a" "\\xff" `b` ( ) { } [ ] [5m] [5m:1m] [1y:1ms] , : + - * / % ^ == != > =~ = #'
    ' {a="b"} {a=~".*a.*"} {"x"} time() scalar vector clamp sort _ 9999999999y'
)
_WORDS = st.sampled_from(_VOCABULARY.split(" "))


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=30), st.lists(_WORDS, max_size=12).map(" ".join)))
def test_any_text_is_answered_or_refused(text: str) -> None:
    try:
        _ENGINE.instant(text, 60_000)
    except QueryError as error:
        assert error.type in ("bad_data", "execution")


_ENGINE = Engine(_memory([[1.0, 2.0, None, 4.0], [5.0]]))
