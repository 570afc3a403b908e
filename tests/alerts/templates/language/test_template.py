"""Reading and carrying out, apart from what any function set adds."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.alerts.templates.language.builtins import BUILTINS
from opsbook.alerts.templates.language.errors import TemplateError
from opsbook.alerts.templates.language.limits import LONGEST, Limits
from opsbook.alerts.templates.language.template import Template, combined

_WORDS = [
    *("{{", "}}", "{{- ", " -}}", "{{/*", "*/}}", "|", "(", ")", ":=", "=", ",", ".", "$", "$x"),
    *(".A", ".B.C", "if", "else", "end", "range", "with", "define", "template", "block", "break"),
    *("continue", '"a"', "`b`", "'c'", "1", "-2.5", "0x1", "1e3", "true", "nil", " ", "\n", "text"),
    *BUILTINS,
]
_DATA = {"A": [1, 2.5, "x", None, True], "B": {"C": {"D": "d"}}, "N": 3}
_SHORT = Limits(output=2_000, seconds=0.5)


def _run(text: str, data: object = None, limits: Limits = _SHORT) -> str:
    return Template.parse(text, "t").execute(data, limits=limits)


@given(st.text().filter(lambda text: "{{" not in text))
def test_a_text_without_braces_is_itself(text: str) -> None:
    assert _run(text) == text.encode("utf-8", "replace").decode()


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=25).map("".join))
def test_any_text_is_carried_out_or_refused_in_time(text: str) -> None:
    before = time.monotonic()
    try:
        assert len(_run(text, _DATA)) <= _SHORT.output
    except TemplateError as error:
        assert str(error).startswith("template t:")
    assert time.monotonic() - before < 3


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=8).map(" ".join))
def test_any_action_is_carried_out_or_refused(inside: str) -> None:
    try:
        _run(f"{{{{ $x := . }}}}{{{{ {inside} }}}}", _DATA)
    except TemplateError as error:
        assert str(error).startswith("template t:")


@given(st.text())
def test_a_quoted_text_is_shown_as_it_was(text: str) -> None:
    plain = text.encode("utf-8", "replace").decode()
    quoted = _run("{{ printf `%q` . }}", plain, Limits())
    assert _run(f"{{{{ {quoted} }}}}", None, Limits()) == plain


@pytest.mark.parametrize(
    "text",
    [
        "{{ range 1000000000 }}{{ end }}",
        "{{ $x := `ab` }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}",
        "{{ $x := `ab` }}{{ range 100 }}{{ $x = printf `%[1]s%[1]s` $x }}{{ end }}",
        "{{ range 100000 }}0123456789{{ range 100000 }}{{ end }}{{ end }}",
        "{{ range 10000000 }}0123456789{{ end }}",
        "{{ range 1000000000 }}{{ $x := printf `%1000000d` 1 }}{{ end }}",
        "{{ define `x` }}{{ template `x` }}{{ end }}{{ template `x` }}",
        "{{ define `x` }}{{ template `y` }}{{ end }}{{ block `y` 1 }}{{ template `x` }}{{ end }}",
        "{{ define `x` }}{{ range 100 }}{{ template `x` }}{{ end }}{{ end }}{{ template `x` }}",
        "{{ printf `%9999999d%9999999d` 1 2 }}",
    ],
)
def test_nothing_goes_on_or_grows_without_end(text: str) -> None:
    before = time.monotonic()
    with pytest.raises(TemplateError):
        _run(text, None, Limits(seconds=1.0))
    assert time.monotonic() - before < 5


@pytest.mark.parametrize(
    "text",
    [
        "{{ if 1 }}" * 1000,
        "{{ " + "(" * 1000 + "1" + ")" * 1000 + " }}",
        "{{ if 1 }}" + "{{ else if 1 }}" * 1000 + "{{ end }}",
        "x" * (LONGEST + 1),
    ],
)
def test_what_is_nested_too_deeply_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        Template.parse(text, "t")


def test_what_may_be_nested_is_carried_out() -> None:
    deep = "{{ if 1 }}" * 25 + "{{ " + "(" * 20 + "1" + ")" * 20 + " }}" + "{{ end }}" * 25
    assert _run("{{ define `x` }}" + deep + "{{ end }}{{ template `x` }}") == "1"


def test_an_error_names_the_template_the_line_and_the_column() -> None:
    with pytest.raises(TemplateError, match=r"^template t:2:10: there is no function 'pritn'"):
        _run("first\nsecond {{pritn}}")


def test_variables_of_the_caller_are_there_from_the_start() -> None:
    template = Template.parse("{{ $x }} {{ $ }}", "t", variables=["$x"])
    assert template.execute("data", variables={"$x": 5}) == "5 data"


def test_a_template_sees_only_its_own_variables() -> None:
    with pytest.raises(TemplateError, match=r"\$x is not declared"):
        _run("{{ $x := 1 }}{{ define `a` }}{{ $x }}{{ end }}{{ template `a` }}")


def test_later_definitions_replace_earlier_ones_unless_they_are_empty() -> None:
    old = Template.parse("{{ define `a` }}1{{ end }}{{ define `b` }}2{{ end }}", "old").definitions
    new = Template.parse("{{ define `a` }} {{ end }}{{ define `b` }}3{{ end }}", "new").definitions
    call = Template.parse("{{ template `a` }}{{ template `b` }}", "t")
    assert call.execute(None, definitions=combined(old, new)) == "13"


def test_python_s_own_attributes_are_out_of_reach() -> None:
    for text in ("{{ .__class__ }}", "{{ .A.append }}", "{{ .B.keys }}", "{{ .N.real }}"):
        try:
            assert _run(text, _DATA) in ("<no value>", "")
        except TemplateError as error:
            assert "has no ." in str(error)
