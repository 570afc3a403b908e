"""Text with values filled in."""

import copy

import pytest
from pydantic import BaseModel

from opsbook.core.errors import BadInputError
from opsbook.runbooks.revealed import Revealed
from opsbook.runbooks.template import Expression, Template

VALUES = {"word": "moon", "count": 3, "steps": {"load": {"value": 4.5}}}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("plain", "plain"),
        ("hello {{ word }}\n", "hello moon\n"),
        ("{{ count }}", 3),
        ("{{- count + 1 -}}", 4),
        ("{{ -count }}", -3),
        ("{{ steps.load.value }} of {{ count }}", "4.5 of 3"),
        ("{{ '{{' }}", "{{"),
    ],
)
def test_what_stands_between_braces_is_filled(source: str, value: object) -> None:
    assert Template(source).value(VALUES) == value


@pytest.mark.parametrize(
    "text",
    ["echo ${#list}", "{# no comment #}", "{% if x %}", "a {% b", "date +%{%s}", "# line", "%} #}"],
)
def test_nothing_but_double_braces_means_anything(text: str) -> None:
    assert Template(text).fixed == text
    assert Template(f"{text}{{{{ word }}}}").value(VALUES) == f"{text}moon"


@pytest.mark.parametrize("source", ["{{", "{{ a b }}", "{{ }}", "{{- -}}", "{{ a | nothing }}"])
def test_what_is_no_template_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="not a template"):
        Template(source)


@pytest.mark.parametrize("source", ["{{ moon }}", "a {{ steps.gone.value }}", "{{ ''.__class__ }}"])
def test_what_is_missing_or_forbidden_is_named(source: str) -> None:
    with pytest.raises(BadInputError, match="cannot be filled"):
        Template(source).text(VALUES)


def test_its_references_are_known() -> None:
    template = Template("{{ word }} {{ steps.load['value'] }}")
    assert template.references >= {("word",), ("steps", "load", "value")}


def test_it_can_be_the_default_of_a_field() -> None:
    class Settings(BaseModel):
        text: Template = Template("{{ word }}")
        holds: Expression = Expression("count > 2")

    assert Settings().text.value(VALUES) == "moon"
    assert Settings().holds.holds(VALUES)
    assert copy.deepcopy(Template("x")).source == "x"


def test_alone_it_keeps_a_secret_with_its_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPLATE_TOKEN", "very-quiet-1")
    token = Revealed.of("env:TEMPLATE_TOKEN")
    found = Template("{{ token }}").value({"token": token})
    assert isinstance(found, Revealed)
    assert found.reference == "env:TEMPLATE_TOKEN"
    assert not isinstance(Template("x{{ token }}").value({"token": token}), Revealed)


def test_a_field_of_a_result_comes_before_what_python_calls_so() -> None:
    values = {"steps": {"one": {"values": {"a": 3}, "keys": 4, "items": [5]}}}
    assert Template("{{ steps.one.values.a }}").value(values) == 3
    assert Template("{{ steps.one.keys }}{{ steps.one['items'] }}").text(values) == "4[5]"
