"""Ids that people say and files bear."""

import re

from opsbook.durable.model import check_id
from opsbook.runbooks.ids import run_id, short


def test_an_id_of_a_run_sorts_by_time() -> None:
    early, late = run_id("restart", 1_769_832_306), run_id("restart", 1_769_832_307)
    assert re.fullmatch(r"restart-20260131-040506-[a-z2-9]{4}", early)
    assert early[:-5] < late[:-5]


def test_what_is_too_long_keeps_its_beginning_and_stays_unlike_others() -> None:
    one, other = short("x" * 300 + "a"), short("x" * 300 + "b")
    assert len(one) == len(other) == 200
    assert one != other
    assert check_id(one) == one


def test_what_is_short_enough_stays() -> None:
    assert short("x" * 200) == "x" * 200
