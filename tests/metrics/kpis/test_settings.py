"""The section `kpis:` of a book: what can be declared, and what is wrong with it."""

from pathlib import Path

import pytest

from opsbook.book.fields import Name
from opsbook.book.load import load_book
from opsbook.book.model import Section
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Source
from opsbook.metrics.kpis.settings import KpiSettings, kpi_problems
from tests.metrics.kpis.tables import CASES, TABLES


class Book(Section):
    kpis: dict[Name, KpiSettings] = {}


def problems(book: Book, source: Source) -> list[Problem]:
    return kpi_problems(book.kpis, source)


def load(directory: Path, kpi: str) -> KpiSettings:
    file = directory / "book.yaml"
    file.write_text(f"kpis:\n  k: {{{kpi}}}\n", encoding="utf-8")
    return load_book(file, lambda _: Book, lambda: Book, problems).kpis["k"]


def refusal(directory: Path, kpi: str) -> str:
    with pytest.raises(BookError) as caught:
        load(directory, kpi)
    return str(caught.value).replace(str(directory), "")


@pytest.mark.parametrize(("manual", "name"), CASES)
def test_the_kpis_of_the_manuals_judge_as_the_manuals_do(manual: str, name: str) -> None:
    given, expected = TABLES[manual][name]
    book, source = Book(kpis={"k": given}), Source(Path("book.yaml"))
    assert kpi_problems(book.kpis, source) == []
    bands = book.kpis["k"].bands
    found = {state: [bands.judge(value) for value in values] for state, values in expected.items()}
    assert found == {state: [state] * len(values) for state, values in expected.items()}


def test_a_kpi_is_read_with_its_place_in_the_book(tmp_path: Path) -> None:
    kpi = load(tmp_path, "expression: sum(up), direction: higher, target: 3, every: 5s")
    assert (kpi.expression, kpi.every, kpi.unit) == ("sum(up)", 5.0, "number")
    assert kpi.bands.target.text == "≥ 3"


@pytest.mark.parametrize(
    ("kpi", "said"),
    [
        (
            "expression: 'sum(up', direction: higher, target: 3",
            "book.yaml:2:19 kpis.k.expression: not PromQL: unclosed left parenthesis",
        ),
        (
            "expression: 'up[5m]', direction: higher, target: 3",
            (
                "kpis.k.expression: the expression gives a matrix (got 'up[5m]'), "
                "use a function that gives a number"
            ),
        ),
        (
            "expression: up, direction: up, target: 3",
            "kpis.k.direction: input should be 'higher', 'lower' or 'band'",
        ),
        (
            "expression: up, direction: higher, unit: percents, target: 3",
            "kpis.k.unit: input should be 'number', 'percent'",
        ),
        ("expression: up, direction: higher", "kpis.k.target: is missing"),
        (
            "expression: up, direction: lower, unit: percent, target: 200ms",
            (
                "book.yaml:2:64 kpis.k.target: not a percentage (got '200ms'; the unit is "
                "percent), write a number and a sign, such as 80 %"
            ),
        ),
        (
            "expression: up, direction: lower, unit: seconds, target: '< 5 GB'",
            "kpis.k.target: not a duration (got '< 5 GB'; the unit is seconds)",
        ),
        (
            "expression: up, direction: lower, target: 80 %",
            "kpis.k.target: not a plain number (got '80 %'; the unit is number)",
        ),
        (
            "expression: up, direction: lower, target: '> 5'",
            "the sign does not fit the direction (got '> 5'; the unit is number), write < or ≤",
        ),
        (
            "expression: up, direction: lower, target: 5, critical: '< 9'",
            (
                "kpis.k.critical: the sign does not fit the direction (got '< 9'; the unit is "
                "number), write > or ≥"
            ),
        ),
        (
            "expression: up, direction: higher, target: 5, warning: 3, critical: 4",
            (
                "kpis.k.critical: bands in the wrong order (got warning < 3, critical < 4), "
                "higher is better: critical must not lie above warning"
            ),
        ),
        (
            "expression: up, direction: higher, target: 5, critical: 6",
            "bands in the wrong order (got target ≥ 5, critical < 6)",
        ),
        (
            "expression: up, direction: lower, target: 5, warning: 4",
            "lower is better: warning must not lie below target",
        ),
        (
            "expression: up, direction: higher, target: 5, warning: '<= 5'",
            "bands in the wrong order (got target ≥ 5, warning ≤ 5)",
        ),
        (
            "expression: up, direction: band, target: 5",
            "a band has two ends (got 5.0; the unit is number), write [low, high]",
        ),
        (
            "expression: up, direction: band, target: [5, 4]",
            "the ends are in the wrong order (got [5.0, 4.0]; the unit is number)",
        ),
        (
            "expression: up, direction: lower, target: [4, 5]",
            "only a band has two ends (got [4.0, 5.0]; the unit is number), write one value",
        ),
        (
            "expression: up, direction: band, target: [4, 5], warning: [4.5, 6]",
            (
                "kpis.k.warning: bands in the wrong order (got target from 4 to 5, "
                "warning outside 4.5 to 6), the ends of warning must lie around those of target"
            ),
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_the_remedy(
    tmp_path: Path, kpi: str, said: str
) -> None:
    assert said in refusal(tmp_path, kpi)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    kpi = "expression: 'sum(', direction: higher, unit: seconds, target: 5 %, warning: 1 GB"
    assert len(refusal(tmp_path, kpi).splitlines()) == 3
