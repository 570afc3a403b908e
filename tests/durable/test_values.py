"""What may be kept."""

import pytest

from opsbook.core.secrets import Secret
from opsbook.durable.values import NotPlainError, plain


def test_plain_values_stay_as_they_are() -> None:
    value = {"a": [1, 2.5, True, None, "x"], "b": {}}
    assert plain(value) == value


def test_tuples_become_the_lists_that_will_be_read() -> None:
    assert plain({"a": (1, (2,))}) == {"a": [1, [2]]}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"a": [float("nan")]}, r"the value\['a'\]\[0\] is nan"),
        ({1: "a"}, "the value has the key 1"),
        ([{1, 2}], r"the value\[0\] is of type set"),
        (b"x", "the value is of type bytes"),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(value: object, why: str) -> None:
    with pytest.raises(NotPlainError, match=why):
        plain(value)


def test_secrets_are_masked_in_values_and_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAIN_TEST_SECRET", "4711471")
    Secret("env:PLAIN_TEST_SECRET").reveal()
    assert plain({"is 4711471": ["4711471", 4711471]}) == {"is ***": ["***", 4711471]}
