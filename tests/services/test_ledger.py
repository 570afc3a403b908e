"""The story of a service: the numbers of its entries since it began."""

from pathlib import Path

import pytest

from tests.services.platform import one_service, watched


async def test_a_story_has_the_numbers_of_its_entries_and_of_no_others(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        ledger = platform.keeper().ledger
        before = set(ledger.evidence)
        ledger.begin()
        ledger.record("service.unwell", actor="ada", check="x", message="y")
        await ledger.written()
        (number,) = ledger.evidence
        (entry,) = [each for each in platform.ledger() if each["seq"] == number]
        assert (entry["actor"], entry["subject"]) == ("ada", "a")
        assert number not in before


async def test_what_is_not_on_disk_in_time_is_no_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("opsbook.services.ledger._WRITTEN_WITHIN", 0.05)
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        with monkeypatch.context() as full:
            full.setattr(platform.app.ledger, "_write", lambda _: False)
            ledger = platform.keeper().ledger
            ledger.begin()
            ledger.record("service.unwell", check="x", message="y")
            await ledger.written()
            assert ledger.evidence == ()
