"""The room from the wish to the evidence, on a real database and a real directory."""

from pathlib import Path

from opsbook.backups.standing import SetState
from opsbook.backups.verification import Depth
from tests.backups.scene import ROWS, scene


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
