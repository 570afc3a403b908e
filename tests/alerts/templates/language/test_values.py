"""Go's values in Python."""

import pytest

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.language.fields import field_of
from opsbook.alerts.templates.language.functions import function
from opsbook.alerts.templates.language.values import (
    StringMap,
    Strings,
    Struct,
    decoded,
    encoded,
    is_true,
    method,
    type_name,
)


class Thing(Struct):
    go_type = "test.Thing"

    @method("Twice")
    def twice(self, text: str) -> str:
        return text * 2

    def hidden(self) -> str:
        return "hidden"


_THING = Thing(Name="n", Inner=Thing(Name="m"))


def test_a_template_reaches_fields_and_declared_methods_and_nothing_else() -> None:
    assert field_of(_THING, "Name") == "n"
    assert field_of(_THING, "Twice", ("ab",)) == "abab"
    for name in ("hidden", "twice", "fields", "__class__"):
        with pytest.raises(CallError, match="has no"):
            field_of(_THING, name)


def test_a_map_gives_its_zero_for_a_key_that_it_does_not_have() -> None:
    assert field_of(StringMap({"a": "1"}), "b") == ""
    assert field_of({"a": "1"}, "b") is None


def test_a_method_wins_over_a_key() -> None:
    class Labels(StringMap):
        go_type = "test.Labels"

        @method("Names")
        def names(self) -> Strings:
            return Strings(self)

    assert field_of(Labels({"Names": "x"}), "Names") == ["Names"]


def test_a_function_takes_what_its_annotations_say() -> None:
    def call(count: int, *texts: str) -> str:
        return "".join(texts) * count

    made = function("call", call)
    assert made((2, "a", "b")) == "abab"
    for given in ((), ("a",), (True,), (1.0,), (1, 2)):
        with pytest.raises(CallError, match="takes"):
            made(given)


def test_what_is_empty_is_not_true_but_a_struct_is() -> None:
    empty: list[object] = [None, False, 0, 0.0, "", [], {}]
    assert not any(is_true(each) for each in empty)
    full: list[object] = [True, -1, 0.1, "0", [0], {"": ""}, Thing()]
    assert all(is_true(each) for each in full)


def test_types_have_their_names_of_go() -> None:
    values: list[object] = [None, True, 1, 1.0, "", [], {}, Strings(), StringMap(), _THING]
    assert [type_name(value) for value in values] == [
        *("<nil>", "bool", "int", "float64", "string", "[]interface {}"),
        *("map[string]interface {}", "[]string", "map[string]string", "test.Thing"),
    ]


def test_half_a_character_is_kept() -> None:
    assert encoded(decoded(b"\xc3")) == b"\xc3"
    assert encoded("\ud800") == b"?"
