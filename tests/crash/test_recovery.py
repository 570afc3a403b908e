"""Killed anywhere in a recovery, the next life brings it to its end: all of it, or all back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.recover import Scenario
from tests.crash.recovering import recovering
from tests.durable.databases import fresh_database
from tests.servers.postgres import Postgres, postgres

pytestmark = pytest.mark.timeout(400)

LOOKS = ["verified_1", "verified_2", "checked_1"]
CHANGES = ["restored_1", "restored_2", "stopped_1", "swapped_1", "swapped_2", "started_1"]
BACK = ["started_1_back", "swapped_back_2", "swapped_back_1", "stopped_1_back"]
BACK += ["removed_2", "removed_1"]
RESTORE = {
    "scratch made",
    "scratch loading",
    "scratch loaded",
    "restore noted",
    "new made",
    "new loading",
    "new loaded",
    "database compared",
    "file spooled",
    "file restored",
    "file compared",
}
SWAP = {"swap noted", "old half renamed", "old renamed", "log kept", "file kept", "file put"}
SWAP_BACK = {"file taken out", "log put back", "file put back", "new half renamed", "new renamed"}
FORWARD = {
    "run.requested",
    "run.waiting stopped_1",
    "run.approved stopped_1",
    "ordered stop",
    "ordered start",
    "run.ended",
    *(f"run.step_done {step}" for step in LOOKS),
    *(f"run.step_{what} {step}" for step in CHANGES for what in ("started", "done")),
    *RESTORE,
    *SWAP,
}
BACKWARD = {
    "run.step_failed checked_1",
    "ordered stop back",
    "ordered start back",
    "file discarded",
    "database discarded",
    "run.rolled_back",
    "run.ended",
    *(f"run.step_{what} {step}" for step in BACK for what in ("started", "done")),
    *SWAP_BACK,
}
FORWARD_SHARED = {
    "run.step_done verified_1",
    "new loading",
    "run.approved stopped_1",
    "ordered stop",
    "run.step_started swapped_1",
    "old renamed",
    "run.step_done swapped_2",
    "run.ended",
}
BACKWARD_SHARED = {
    "run.step_failed checked_1",
    "new renamed",
    "run.step_done swapped_back_1",
    "ordered start back",
    "run.ended",
}
"""Where the state is on PostgreSQL: one point of each kind of thing that is written there, and
between an effect and its record. Elsewhere what dies has the state of runs not in its hands."""


NAMES = ["forward", "forward, shared state", "backward", "backward, shared state"]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as running:
        yield running


@pytest.mark.parametrize("points", [FORWARD, FORWARD_SHARED, BACKWARD, BACKWARD_SHARED], ids=NAMES)
def test_killed_once_at_every_point_it_ends_as_if_nobody_had_died(
    server: Postgres, tmp_path: Path, points: set[str]
) -> None:
    """With `BACKWARD`, the last check is never well, and all is taken back."""
    shared = points in (FORWARD_SHARED, BACKWARD_SHARED)
    state = fresh_database(server) if shared else None
    well = points in (FORWARD, FORWARD_SHARED)
    scenario = Scenario(fresh_database(server), str(server.binaries), points, well, state)
    deaths = tmp_path / "deaths"
    deaths.mkdir()
    with recovering(tmp_path / "platform", server, scenario) as platform:
        while platform.live(deaths):
            assert len(list(deaths.iterdir())) <= len(points)
            platform.check_dead()
        platform.check()
    assert {file.name for file in deaths.iterdir()} == points
