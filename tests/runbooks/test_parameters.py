"""Values of parameters: accepted with their types, or refused with name, value and remedy."""

from typing import Any

import pytest

from opsbook.core.errors import BadInputError
from opsbook.runbooks.parameters import ParameterSettings, accepted, handed
from opsbook.runbooks.revealed import Revealed


def taken(value: Any, **settings: Any) -> Any:
    one = ParameterSettings.model_validate(settings)
    return accepted({"it": one}, {} if value is None else {"it": value}, ["api"])["it"]


@pytest.mark.parametrize(
    ("value", "settings", "expected"),
    [
        ("x", {"type": "text"}, "x"),
        ("3", {"type": "integer", "minimum": 3}, 3),
        (2.5, {"type": "number"}, 2.5),
        ("true", {"type": "boolean"}, True),
        ("1m30s", {"type": "duration"}, 90.0),
        ("a", {"type": "choice", "choices": ["a", "b"]}, "a"),
        ("api", {"type": "service"}, "api"),
        ("env:TOKEN", {"type": "secret"}, "env:TOKEN"),
        (None, {"type": "text", "default": "d"}, "d"),
    ],
)
def test_a_value_of_its_type_is_taken(value: Any, settings: Any, expected: Any) -> None:
    assert taken(value, **settings) == expected


@pytest.mark.parametrize(
    ("value", "settings", "said"),
    [
        (None, {"type": "text"}, "parameter it: is missing: give it"),
        ("x", {"type": "integer"}, "not a whole number \\(got 'x'\\)"),
        (True, {"type": "integer"}, "not a whole number"),
        ("nan", {"type": "number"}, "not a number"),
        (9, {"type": "integer", "maximum": 5}, "too great \\(got 9\\): at most 5"),
        ("soon", {"type": "duration"}, "not a duration"),
        ("c", {"type": "choice", "choices": ["a", "b"]}, "unknown \\(got 'c'\\): known: a, b"),
        ("apj", {"type": "service"}, "did you mean api?"),
        ("xy", {"type": "text", "longest": 1}, "2 characters long: at most 1"),
        ("x;y", {"type": "text", "pattern": "[a-z]+"}, "it must match"),
        ("yes", {"type": "boolean"}, "neither true nor false"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_remedy(value: Any, settings: Any, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        taken(value, **settings)


def test_a_secret_given_in_plain_is_not_repeated() -> None:
    with pytest.raises(BadInputError) as error:
        taken("hunter2-hunter2", type="secret")
    assert "hunter2" not in str(error.value)


def test_everything_wrong_is_told_at_once() -> None:
    settings = {"a": ParameterSettings(type="text"), "b": ParameterSettings(type="integer")}
    with pytest.raises(BadInputError) as error:
        accepted(settings, {"b": "x", "c": 1}, [])
    assert all(name in str(error.value) for name in ("'c'", "parameter a", "parameter b"))


def test_a_secret_is_handed_on_by_its_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANDED_TOKEN", "hush-hush-3")
    settings = {"token": ParameterSettings(type="secret"), "word": ParameterSettings(type="text")}
    token = Revealed.of("env:HANDED_TOKEN")
    found = handed(settings, {"token": token, "word": "x"})
    assert found == {"token": "hush-hush-3", "word": "x"}
    assert found["token"].reference == "env:HANDED_TOKEN"
    for given, said in (
        ({"token": token, "word": token}, "parameter word: a secret was given"),
        ({"token": f"x{token}", "word": "x"}, "parameter token: not a secret reference"),
    ):
        with pytest.raises(BadInputError, match=said) as error:
            handed(settings, given)
        assert "hush" not in str(error.value)
