"""What requests may say."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from opsbook.web.inputs import Given, Lasting, Text


@pytest.mark.parametrize("value", ["", "ä\n🙂", "x" * 10_000])
def test_texts_of_people_are_taken(value: str) -> None:
    assert TypeAdapter(Text).validate_python(value) == value


@pytest.mark.parametrize("value", ["a\0b", "\ud83d", "x" * 10_001, 7, None])
def test_what_no_database_takes_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Text).validate_python(value)


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), 1e300])
def test_a_length_of_time_is_finite_and_positive(value: float) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Lasting).validate_python(value)


def test_given_values_may_be_of_any_kind_but_not_endlessly_deep() -> None:
    good = {"a": [1, {"b": None}]}
    assert TypeAdapter(Given).validate_python(good) == good
    deep: Any = "x"
    for _ in range(30):
        deep = [deep]
    for bad in ({"a": deep}, {"a": {"b\0": 1}}, {"a": ["\ud800"]}):
        with pytest.raises(ValidationError):
            TypeAdapter(Given).validate_python(bad)
