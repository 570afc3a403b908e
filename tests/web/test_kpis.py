"""The KPIs as JSON has them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsbook.metrics.kpis.service import Kpis
from opsbook.metrics.kpis.settings import KpiSettings
from opsbook.metrics.querier import querier
from opsbook.web.kpis import KpisStatus, kpis_status
from tests.metrics.rules.kept import Kept

DECLARED: dict[str, dict[str, Any]] = {
    "good": {"expression": "vector(99.95)", "unit": "percent", "target": "> 99.9 %"},
    "bad": {"expression": "score", "target": 90, "warning": 50, "critical": 10},
    "gone": {"expression": "none", "target": 1},
    "odd": {"expression": "vector(0 / 0)", "unit": "seconds", "target": "1h"},
}


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path / "store")
    yield kept
    kept.store.close()


def look(kept: Kept, declared: dict[str, dict[str, Any]]) -> KpisStatus:
    settings = {
        name: KpiSettings.model_validate({"direction": "higher", **each})
        for name, each in declared.items()
    }
    kpis = Kpis(settings, kept.store, querier(kept.store), kept.clock)
    at = int(kept.clock.now() * 1000)
    for kpi in kpis.kpis.values():
        kpi.evaluate(at, kept.ask)
    return kpis_status(kpis, kept.clock)


def test_they_come_worst_first_with_value_and_reason(kept: Kept) -> None:
    kept.put(190, score={"a": 5, "b": 95})
    status = look(kept, DECLARED)
    assert status.state == "critical"
    assert [(each.name, each.state, each.text) for each in status.kpis] == [
        ("bad", "critical", "5"),
        ("gone", "unknown", ""),
        ("odd", "unknown", "NaN"),
        ("good", "met", "99.95 %"),
    ]
    bad = status.kpis[0]
    assert (bad.target, bad.warning, bad.critical) == ("≥ 90", "< 50", "< 10")
    assert bad.reason == '5 of {job="a"} is < 10 (1 of 2 series)'
    assert [(each.labels, each.state) for each in bad.series] == [
        ({"job": "a"}, "critical"),
        ({"job": "b"}, "met"),
    ]


def test_a_value_that_is_not_there_is_null(kept: Kept) -> None:
    (odd,) = look(kept, {"odd": DECLARED["odd"]}).model_dump(mode="json")["kpis"]
    (gone,) = look(kept, {"gone": DECLARED["gone"]}).model_dump(mode="json")["kpis"]
    assert (odd["value"], gone["value"]) == (None, None)


def test_without_kpis_there_is_no_state(kept: Kept) -> None:
    status = look(kept, {})
    assert (status.state, status.kpis) == (None, [])
