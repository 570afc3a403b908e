"""Incidents over a living platform: restarts that may still mend it, and proof that it is back."""

import json
from pathlib import Path
from typing import Any

from opsbook.incidents.model import Incident, IncidentState
from opsbook.services.events import NeedsPerson, ServiceVerified
from tests.eventually import eventually
from tests.services.platform import Platform, one_service, watched


def book(directory: Path, **restart: Any) -> Path:
    """One service; and its check's alert is told to nobody."""
    file = one_service(directory, restart={"backoff": ["0s"], "verify_within": "3s", **restart})
    read = json.loads(file.read_text())
    read["checks"]["a-greets"]["confirm"] = 1
    file.write_text(json.dumps(read))
    return file


def incidents(platform: Platform) -> list[Incident]:
    return platform.app.incidents.watched


async def test_what_a_restart_mends_opens_none(tmp_path: Path) -> None:
    async with watched(book(tmp_path, backoff=["1s"]), tmp_path / "data") as platform:
        await platform.well()
        platform.kill()
        await eventually(lambda: platform.app.alerts.delivery.board.alerts)
        await platform.until(ServiceVerified, 2)
        await eventually(lambda: platform.ledger("alert.resolved"))
        assert incidents(platform) == []


async def test_a_death_for_good_is_one_incident_with_its_alert(tmp_path: Path) -> None:
    async with watched(book(tmp_path, at_most=0), tmp_path / "data") as platform:
        await platform.well()
        platform.kill()
        await platform.until(NeedsPerson)
        await eventually(lambda: platform.ledger("incident.joined"))
        (incident,) = incidents(platform)
        assert (incident.services, incident.state) == (("a",), IncidentState.OPEN)
        assert incident.began_at is not None
        assert incident.began_at <= incident.opened_at
        await platform.keeper().controller.start()
        await eventually(lambda: platform.ledger("incident.recovered"), 20)
        (recovered,) = platform.ledger("incident.recovered")
        assert recovered["body"]["checks"]["a-greets"].startswith("up at ")


async def test_a_later_life_adopts_what_is_open(tmp_path: Path) -> None:
    file = book(tmp_path, at_most=0)
    async with watched(file, tmp_path / "data") as platform:
        await platform.well()
        platform.kill()
        await eventually(lambda: incidents(platform))
        number = incidents(platform)[0].id
    async with watched(file, tmp_path / "data") as platform:
        assert [each.id for each in incidents(platform)] == [number]
        await eventually(lambda: incidents(platform)[0].state is IncidentState.RECOVERED, 30)
