"""Values taken out of answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from opsbook.probes.extract import Extraction

ANSWER = b'{"a": {"b": [10, {"c": "deep"}], "n": null, "t": true}, "l": [{"id": "x"}, {"id": 2}]}'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b[0]", 10),
        ("$.a.b[1].c", "deep"),
        ("a.t", True),
        ("a.b", 2),
        ("l[*].id", "x,2"),
        ("l", 2),
    ],
)
def test_a_path_leads_to_a_value(path: str, value: object) -> None:
    assert Extraction(values={"v": path}).extract(ANSWER) == {"v": value}


@pytest.mark.parametrize("path", ["a.n", "a.x", "a.b[7]", "a[0]", "a.b.c", "x[*].y", "a.b[0].c"])
def test_what_is_not_there_is_absent(path: str) -> None:
    assert Extraction(values={"v": path}).extract(ANSWER) == {}


@given(st.binary(max_size=300))
def test_no_answer_breaks_it(answer: bytes) -> None:
    found = Extraction(values={"v": "a[0].b"}, find={"w": r"(\d+)"}).extract(answer)
    assert set(found) <= {"v", "w"}


def test_nesting_without_end_is_no_json() -> None:
    assert Extraction(values={"v": "a"}).extract(b"[" * 100_000) == {}


def test_a_pattern_finds_numbers_and_text() -> None:
    found = Extraction(find={"n": r"load (\S+)", "t": r"v\d+"}).extract(b"load 0.5 v12")
    assert found == {"n": 0.5, "t": "v12"}


@pytest.mark.parametrize("path", ["", "a..b", "a[", "a[x]", "[*"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="not a JSON path"):
        Extraction(values={"v": path})
