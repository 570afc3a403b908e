"""Telling one receiver one thing, past the routes."""

from pathlib import Path

from opsbook.alerts.model import Alert
from tests.alerts.delivery.scene import NOW, Memory, Scene, scene, setup

PAGE = Alert((("alertname", "Page"),), (), NOW, NOW + 3600, NOW)
ENDED = Alert((("alertname", "Page"),), (), NOW - 60, NOW, NOW)


async def tell(life: Scene, key: str, alert: Alert = PAGE, receiver: str = "team") -> int:
    told = await life.alerting.pager.tell(receiver, "group", (("of", "it"),), alert, key)
    await life.settled()
    return told


async def test_every_entry_of_the_receiver_is_told_at_once(tmp_path: Path) -> None:
    one, other = Memory(), Memory()
    async with scene(tmp_path, setup(receivers={"root": [], "team": [one, other]})) as life:
        assert await tell(life, "a") == 2
        (notice,) = one.told
        assert (notice.alerts, notice.group_labels) == ((PAGE,), (("of", "it"),))
        assert len(other.told) == 1


async def test_one_key_is_told_once_also_by_a_later_life(tmp_path: Path) -> None:
    memory = Memory()
    for _ in range(2):
        async with scene(tmp_path, setup(receivers={"team": [memory]})) as life:
            await tell(life, "a")
            await tell(life, "a")
    assert len(memory.told) == 1
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as life:
        await tell(life, "b")
    assert len(memory.told) == 2


async def test_an_end_is_told_to_whoever_wants_to_hear_of_ends(tmp_path: Path) -> None:
    eager, calm = Memory(), Memory(send_resolved=False)
    async with scene(tmp_path, setup(receivers={"team": [eager, calm]})) as life:
        assert await tell(life, "a", ENDED) == 1
    assert ([each.status for each in eager.told], calm.told) == (["resolved"], [])


async def test_a_receiver_that_is_not_declared_any_more_has_no_entries(tmp_path: Path) -> None:
    async with scene(tmp_path, setup(receivers={"team": [Memory()]})) as life:
        assert await tell(life, "a", receiver="gone") == 0
