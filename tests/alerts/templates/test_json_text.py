"""JSON as Go writes it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.alerts.templates.json_text import to_json
from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.times import Duration, Time

_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | _TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(_TEXT, inner),
)


@given(_VALUES)
def test_what_is_written_reads_as_it_was(value: object) -> None:
    written = to_json(value)
    assert json.loads(written, parse_int=float) == json.loads(json.dumps(value), parse_int=float)
    assert not set(written) & set("<>&\u2028")


def test_times_are_texts_and_durations_nanoseconds() -> None:
    assert to_json([Time(1_500_000_000), Duration(2)]) == '["1970-01-01T00:00:01.5Z",2]'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")]])
def test_what_json_has_no_word_for_is_refused(value: object) -> None:
    with pytest.raises(CallError, match="cannot be JSON"):
        to_json(value)


def test_what_grows_without_end_is_refused() -> None:
    value: object = "x"
    for _ in range(60):
        value = [value, value]
    with pytest.raises(CallError, match="longer than"):
        to_json(value)
