"""Reading the formats of Prometheus and OpenMetrics, line by line."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.probes.exposition import ExpositionError, Sample, parse, parse_line

words = st.text('aZ_:0.é"\\\n\r\u2028 \t{},=#', max_size=8)
names = words.filter(bool)
samples = st.builds(
    Sample,
    name=names,
    labels=st.dictionaries(names, words, max_size=4),
    value=st.floats(allow_nan=False),
)


def written(sample: Sample) -> str:
    return f"{sample.series} {sample.value!r}"


@settings(deadline=None)
@given(st.lists(samples, max_size=4))
def test_what_is_written_is_read_back(given: list[Sample]) -> None:
    assert list(parse("\n".join(map(written, given)))) == given


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else_happens(text: str) -> None:
    try:
        list(parse(text))
    except ExpositionError as error:
        assert str(error).startswith("line ")


@pytest.mark.parametrize(
    ("line", "name", "labels", "value"),
    [
        ("up 1", "up", {}, 1),
        ("  up\t 1  ", "up", {}, 1),
        ("up 1\r", "up", {}, 1),
        ("job:rate:5m 0.25", "job:rate:5m", {}, 0.25),
        ("up{} 1", "up", {}, 1),
        ('up { job = "a" , } 1', "up", {"job": "a"}, 1),
        ('up{job="a",instance="b:1"}1', "up", {"job": "a", "instance": "b:1"}, 1),
        ('up{path="/{id}",q="a,b=\\"c\\"}"} 2', "up", {"path": "/{id}", "q": 'a,b="c"}'}, 2),
        (r'up{a="C:\\n",b="x\ny",c="\d"} 3', "up", {"a": "C:\\n", "b": "x\ny", "c": "\\d"}, 3),
        ("up 1.5e3 1700000000000", "up", {}, 1500),
        ("up -.5E-1 -1", "up", {}, -0.05),
        ("up +Inf", "up", {}, math.inf),
        ("up -Inf 1.7e9", "up", {}, -math.inf),
        ('x_total{a="b"} 7 # {trace_id="{1}"} 0.5 1.7e9', "x_total", {"a": "b"}, 7),
        ('x_bucket{le="+Inf"} 7 1700000000.5 # {} 0.5', "x_bucket", {"le": "+Inf"}, 7),
        ('{"my.metric",a="b","my.label"="c"} 4', "my.metric", {"a": "b", "my.label": "c"}, 4),
        ('{"mein \\"Maß\\""} 5', 'mein "Maß"', {}, 5),
    ],
)
def test_a_sample_is_read(line: str, name: str, labels: dict[str, str], value: float) -> None:
    assert parse_line(line) == Sample(name, labels, value)


@pytest.mark.parametrize("line", ["", "   ", "# HELP up Up.", "# TYPE up gauge", "#", "# EOF"])
def test_comments_and_empty_lines_hold_no_sample(line: str) -> None:
    assert parse_line(line) is None


def test_not_a_number_is_a_value() -> None:
    sample = parse_line("up NaN")
    assert sample is not None
    assert math.isnan(sample.value)


@pytest.mark.parametrize(
    "line",
    [
        "up",
        "up one",
        "up 1 2 3",
        "up 1_000",
        "up 0x10",
        "up 1 # exemplar",
        'up 1 # {a="b"}',
        "1up 1",
        "up-time 1",
        "<html>",
        "{} 1",
        '{a="b"} 1',
        '{"a","b"} 1',
        'up{"other"} 1',
        'up{a="b" 1',
        'up{a="b} 1',
        "up{a} 1",
        "up{a=b} 1",
        'up{a="b" c="d"} 1',
        'up{a="b",,c="d"} 1',
        'up{1a="b"} 1',
        "up ١",
    ],
)
def test_what_is_no_sample_is_refused(line: str) -> None:
    with pytest.raises(ExpositionError):
        parse_line(line)


def test_an_error_names_the_line() -> None:
    with pytest.raises(ExpositionError, match="line 3: unexpected '<html>'"):
        list(parse("up 1\n\n<html>\n"))
