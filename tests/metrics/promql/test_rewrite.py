"""The pre-pass before the parser: what it takes out, and what it leaves alone."""

import pytest

from opsbook.metrics.promql.durations import Span
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.rewrite import rewrite


def lengths(expression: str) -> list[int]:
    """The durations of an expression, in ms, in a query of an hour by the minute."""
    return [each.milliseconds(Span(60, 3600)) for each in rewrite(expression).durations]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("x[5m]", [300_000]),
        ("x[1h30m]", [5_400_000]),
        ("x[7ms]", [7]),
        ("x[0x10]", [16_000]),
        ("x[1.5]", [1_500]),
        ("x[2 * (1m + 30s) % 100]", [80_000]),
        ("x[-(1m - 2m)]", [60_000]),
        ("x[2 ^ 3 ^ 2]", [512_000]),
        ("x[5m:step()]", [300_000, 60_000]),
        ("x[RANGE() / 2:]", [1_800_000]),
        ("x[min(1m, 2m) + max_of(3, 4)]", [64_000]),
        ("x offset -5m", [-300_000]),
        ("x offset (-2 ^ 2)", [-4_000]),
        ("x offset 2 ^ 2", [2_000]),
        ("x offset -step()", [-60_000]),
        ("sum(x[5m] # [9m]\n) offset 1m", [300_000, 60_000]),
        ("""x{a="[1m]", b='offset 3m', c=`@ 5`}""", []),
        ("sum by (offset) (x{offset='1'})", []),
    ],
)
def test_durations_are_found_and_computed(expression: str, expected: list[int]) -> None:
    assert lengths(expression) == expected


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("x[0s]", "duration must be greater than 0"),
        ("x[1m - 2m]", "duration must be greater than 0"),
        ("x[1m / 0]", "division by zero"),
        ("x[1m % 0]", "modulo by zero"),
        ("x[9e99]", "out of range"),
        ("x[(0 - 8) ^ 0.5]", "out of range"),
        ("x[1m", "unexpected end of input"),
        ("x[1m 2m]", '1:6: parse error: unexpected "2m"'),
        ("x[1m:2m:3m]", 'unexpected ":"'),
        ("x[up]", 'unexpected "up" in duration expression'),
        ('x{a="', "unexpected character"),
        ("\n x offset (1m", "2:14: parse error: unexpected end of input"),
    ],
)
def test_what_is_no_duration_is_told_with_its_place(expression: str, said: str) -> None:
    with pytest.raises(QueryError) as caught:
        lengths(expression)
    assert said in str(caught.value)


def test_times_before_1970_reach_the_tree() -> None:
    assert rewrite("x @ -100.5 + y @ 3m + z @ end()").times == [-100.5, 180]


def test_calls_are_noted_with_the_places_of_their_arguments() -> None:
    calls = rewrite("sum by (a) (\n rate(x{b=~'('}[5m])) + on (c) topk(2, vector(1))").calls
    assert [(call.name, call.args) for call in calls] == [
        ("1:1", ("2:2",)),
        ("2:2", ("2:7",)),
        ("2:32", ("2:37", "2:40")),
        ("2:40", ("2:47",)),
    ]
