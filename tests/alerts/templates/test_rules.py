"""Templates of rules: as Prometheus'."""

import subprocess
import time
from pathlib import Path

import pytest

from opsbook.alerts.templates.language.errors import TemplateError
from opsbook.alerts.templates.language.limits import Limits
from opsbook.alerts.templates.rules import check, expand
from opsbook.alerts.templates.samples import Sample
from opsbook.core.errors import BadInputError
from tests.alerts.templates.golden import Case, cases_of, golden
from tests.alerts.templates.rule_json import Scene, promtool, rules_file
from tests.requirement import needs_program

_FAILED = "<error expanding template: "


@pytest.mark.parametrize("case", cases_of("rules", "rules-newer"), ids=str)
def test_an_annotation_comes_out_as_written_down(case: Case) -> None:
    shown = Scene(case.data).expand(case.template)
    if case.fails:
        assert shown.startswith(_FAILED)
        assert case.expected in shown
    else:
        assert shown == case.expected


def test_promtool_makes_the_same_of_it(tmp_path: Path) -> None:
    read = golden("rules")
    cases = [case for case in read.cases if _reads(case.template)]
    real = promtool(tmp_path, read.data, [case.template for case in cases])
    assert [
        text.startswith(_FAILED) if case.fails else text
        for case, text in zip(cases, real, strict=True)
    ] == [case.fails or case.expected for case in cases]


def test_promtool_does_not_load_what_we_do_not_read(tmp_path: Path) -> None:
    program = needs_program("promtool", "prometheus")
    unread = [case.template for case in golden("rules").bad if not _reads(case.template)]
    assert len(unread) > 5
    for template in unread:
        file = rules_file(tmp_path, [template])
        ran = subprocess.run([program, "check", "rules", file], capture_output=True, check=False)
        assert ran.returncode != 0, template


def test_a_text_without_braces_is_itself() -> None:
    assert expand("100 % } of {it", (), 1.0) == "100 % } of {it"


def test_a_rule_s_template_is_read_before_it_is_needed() -> None:
    check("{{ $labels.job }}: {{ query `up` | first | value }}")
    with pytest.raises(TemplateError, match=r"Down\.summary:1:4: the variable \$label is not"):
        check("{{ $label.job }}", "Down.summary")


def test_without_a_query_a_template_that_asks_tells_so() -> None:
    assert expand("{{ query `up` }}", (), 1.0).startswith(_FAILED)


def test_what_a_query_refuses_is_told_in_the_text() -> None:
    def refuse(_: str) -> list[Sample]:
        raise BadInputError("too many samples")

    assert expand("{{ query `up` }}", (), 1.0, query=refuse).endswith("query: too many samples>")


def test_a_query_that_finds_too_many_series_is_refused() -> None:
    many = [Sample((("n", str(number)),), 1.0) for number in range(10_001)]
    shown = expand("{{ range query `up` }}.{{ end }}", (), 1.0, query=lambda _: many)
    assert "10,000 series" in shown


def test_now_is_the_time_of_the_rule_or_else_the_present() -> None:
    assert expand("{{ now }}", (), 1.0, at=12.5) == "12.5"
    assert abs(float(expand("{{ now | printf `%f` }}", (), 1.0)) - time.time()) < 60


def test_a_template_that_goes_on_for_too_long_is_stopped() -> None:
    before = time.monotonic()
    shown = expand("{{ range 1000000000 }}{{ end }}", (), 1.0, limits=Limits(seconds=0.2))
    assert "takes longer than 0.2 s" in shown
    assert time.monotonic() - before < 5


def _reads(template: str) -> bool:
    try:
        check(template)
    except TemplateError:
        return False
    return True
