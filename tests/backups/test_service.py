"""The room from the wish to the evidence, on a real database and a real directory."""

import asyncio
from datetime import datetime
from pathlib import Path

from opsbook.backups.standing import SetState
from opsbook.backups.verification import Depth
from tests.backups.scene import ROWS, Scene, scene


async def test_a_backup_is_made_checked_and_told(tmp_path: Path) -> None:
    async with scene(tmp_path) as found:
        assert found.backups.standings()[0].state is SetState.NEVER_RAN
        result = await found.make()
        assert result["state"] == "good", result
        assert found.backups.standings()[0].state is SetState.GOOD
        listed = found.copies()
        assert [each.id for each in listed] == [result["backup"]]
        assert listed[0].manifest is not None
        assert listed[0].manifest.counts == {"orders": ROWS}
        kinds = [each["kind"] for each in found.ledger("backup.made", "backup.verified")]
        assert kinds == ["backup.made", "backup.verified"]


async def test_a_restore_is_proved_by_what_was_restored(tmp_path: Path) -> None:
    assertion = {"query": "SELECT count(*) FROM orders", "value": {"at_least": ROWS}}
    async with scene(tmp_path, drill={"every": "7d", "assertions": [assertion]}) as found:
        await found.make()
        assert found.backups.standings()[0].restore is SetState.NEVER_RAN
        run = await found.backups.verify("orders", Depth.RESTORE, "ada", "to see")
        result = await found.end(run)
        evidence = result["verdict"]["evidence"]
        assert result["state"] == "good", result
        assert evidence["assertions"][0]["actual"] == ROWS
        assert evidence["rto_seconds"] > 0
        assert found.backups.standings()[0].restore is SetState.GOOD
        assert len(found.ledger("restore.proved")) == 1


async def classes_by(found: Scene, *moments: str) -> list[str]:
    """Of what was made by itself until then, each time."""
    for number, each in enumerate(moments, 1):
        found.clock.advance(datetime.fromisoformat(each).timestamp() - found.clock.now())
        async with asyncio.timeout(30):
            while len(found.copies()) < number:
                await found.backups.turn()
                await asyncio.sleep(0.05)
    return [each.manifest.retention for each in reversed(found.copies()) if each.manifest]


async def test_a_day_has_one_backup_of_the_class_that_is_declared_last(tmp_path: Path) -> None:
    classes = {"full": {"days": ["sun"]}, "archive": {"days": [1, "first sun"]}}
    days = ("2027-01-30", "2027-01-31", "2027-02-01", "2027-02-06", "2027-02-07", "2027-02-14")
    async with scene(tmp_path, at="02:00", classes=classes) as found:
        made = await classes_by(found, *(f"{day}T02:00:30Z" for day in days))
    assert made == ["daily", "full", "archive", "daily", "archive", "full"]


async def test_what_was_missed_is_of_the_class_of_its_own_day(tmp_path: Path) -> None:
    async with scene(tmp_path, at="02:00", classes={"full": {"days": ["sun"]}}) as found:
        assert await classes_by(found, "2027-02-08T01:30:00Z") == ["full"]
