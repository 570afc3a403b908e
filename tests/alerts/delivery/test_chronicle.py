"""Alerts on their way into the ledger: at its pace, none of them lost."""

from pathlib import Path

from opsbook.alerts.delivery.intake import Report, admitted
from opsbook.alerts.model import Alert
from tests.alerts.delivery.scene import Memory, scene, setup


def storm(count: int, now: float) -> list[Alert]:
    reports = (Report({"alertname": "A", "n": str(n)}, {}, now, now + 60) for n in range(count))
    return [admitted(each, now, 300) for each in reports]


async def test_a_storm_is_in_the_ledger_as_a_whole(tmp_path: Path) -> None:
    """The ledger holds 10,000 entries that wait, and gives up those that come on top."""
    async with scene(tmp_path, setup(receivers={"default": [Memory()]})) as each:
        now = each.clock.now()
        reports = (
            Report({"alertname": "A", "n": str(n)}, {}, now, now + 60) for n in range(12_000)
        )
        await each.alerting.put([admitted(report, now, 300) for report in reports])
        await each.settled()
        assert len(await each.entries("alert.firing")) == 12_000
        assert each.ledger.lost == 0


async def test_what_was_not_recorded_yet_is_at_the_end(tmp_path: Path) -> None:
    async with scene(tmp_path, setup(receivers={"default": [Memory()]})) as each:
        await each.alerting.put(storm(3_000, each.clock.now()))
        assert each.alerting.busy
    async with scene(tmp_path, setup(receivers={"default": [Memory()]})) as each:
        assert len(await each.entries("alert.firing")) == 3_000
