"""The reader of scripts, on the corners of its notation."""

import math

import pytest

from opsbook.core.labels import format_labels
from opsbook.metrics.model import STALE
from tests.metrics.promql.script import Eval, Load, ScriptError, read_script, read_series


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ("1+2x3", [1, 3, 5, 7]),
        ("1-0.5x2", [1, 0.5, 0]),
        ("7x2", [7, 7, 7]),
        ("0x2", [0, 0, 0]),
        ("_ _x2 1", [None, None, None, 1]),
        ("-1e+3 +Inf", [-1000, math.inf]),
        ("{{schema:0 sum:1}}+{{sum:2 count:1}}x2 4", [None, None, None, 4]),
    ],
)
def test_points_are_written_short(item: str, expected: list[float | None]) -> None:
    assert read_series(f"x {item}")[1] == expected


def test_a_staleness_marker_is_the_one_of_the_model() -> None:
    (point,) = read_series("x stale")[1]
    assert point is not None
    assert float(point).hex() == float(STALE).hex()


@pytest.mark.parametrize(
    "written", ['x{a="b c}", d="\\"e"}', '{"my.name", "my.label"="v"}', "x", '{a="b"}']
)
def test_labels_are_read_in_every_notation(written: str) -> None:
    labels, points = read_series(f"{written} 1")
    assert points == [1]
    assert read_series(f"{format_labels(labels)} 1")[0] == labels


def test_older_forms_mean_the_same() -> None:
    failing, warned = read_script(
        "eval_fail instant at 5m x\n  expected_fail_message no\n\neval_warn instant at 0 y\n"
    )
    assert isinstance(failing, Eval)
    assert isinstance(warned, Eval)
    assert failing.fails is not None
    assert failing.fails.fits("no")
    assert not failing.fails.fits("no, not so")
    assert list(warned.told) == ["warn"]


def test_a_comment_ends_what_is_above_it() -> None:
    (load,) = read_script("load 5m\n  x 1\n# y 2\n")
    assert isinstance(load, Load)
    assert load.step == 300_000
    assert len(load.series) == 1


@pytest.mark.parametrize("line", ["evaluate x", "eval at x", "load", "clearly"])
def test_what_is_no_command_is_told_with_its_line(line: str) -> None:
    with pytest.raises(ScriptError, match=r"^2: "):
        read_script(f"\n{line}\n")
