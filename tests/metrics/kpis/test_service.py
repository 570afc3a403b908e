"""All KPIs together, running."""

import asyncio

import pytest

from opsbook.metrics.kpis.service import Kpis
from opsbook.metrics.kpis.settings import KpiSettings
from opsbook.metrics.querier import querier
from tests.eventually import eventually
from tests.metrics.rules.kept import Kept


def declared(expression: str, every: str) -> KpiSettings:
    return KpiSettings(expression=expression, direction="higher", target=1, every=every)


async def test_kpis_are_evaluated_soon_after_the_start_and_then_when_they_are_due(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.metrics.kpis.service._FIRST_AFTER", 0.05)
    settings = {
        "often": declared("vector(2)", "100ms"),
        "seldom": declared("vector(0)", "1h"),
        "seldom-too": declared("none", "1h"),
    }
    kpis = Kpis(settings, kept.store, querier(kept.store), kept.clock)
    task = asyncio.create_task(kpis.run())
    value = 'opsbook_kpi_value{kpi="often"}'
    await eventually(lambda: len(kept.found("opsbook_kpi_value").get(value, [])) > 3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    states = {name: kpi.standing.state.value for name, kpi in kpis.kpis.items()}
    assert states == {"often": "met", "seldom": "warning", "seldom-too": "unknown"}
    assert len(kept.found("opsbook_kpi_value")['opsbook_kpi_value{kpi="seldom"}']) == 1
