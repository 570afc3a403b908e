"""The reader of scripts, on the corners of its notation."""

import pytest

from tests.metrics.promql.script import Eval, Load, ScriptError, read_script


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
