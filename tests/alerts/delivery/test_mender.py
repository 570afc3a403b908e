"""What is tried first keeps its alert quiet; who hears of it then hears what was tried."""

from pathlib import Path

from opsbook.alerts.delivery.mender import Mender
from opsbook.alerts.model import Alert
from tests.alerts.delivery.scene import Memory, scene, setup


class Trying(Mender):
    def __init__(self) -> None:
        self.reason, self.story = "a fix is under way", ""

    def holds(self, alert: Alert) -> str:
        return self.reason

    def tried(self, alert: Alert) -> str:
        return self.story


def said(team: Memory) -> list[str]:
    return [dict(notice.alerts[0].annotations).get("tried", "") for notice in team.told]


async def test_it_is_told_when_that_has_ended_with_what_was_tried(tmp_path: Path) -> None:
    team, trying = Memory(), Trying()
    async with scene(tmp_path, setup(receivers={"team": [team]})) as life:
        life.alerting.mender = trying
        alert = await life.fire()
        await life.pass_time(30)
        assert team.told == []
        muting = life.alerting.muting(alert)
        assert (muting.suppressed, muting.mending) == ("a fix is under way", True)
        trying.reason, trying.story = "", "a restart did not help"
        life.alerting.look_again(alert.fingerprint)
        await life.settled()
        assert said(team) == ["a restart did not help"]


async def test_another_reason_goes_before_it(tmp_path: Path) -> None:
    team = Memory()
    wanted = setup(receivers={"team": [team]})
    async with scene(tmp_path, wanted, suppression=lambda alert: "behind db") as life:
        life.alerting.mender = Trying()
        muting = life.alerting.muting(await life.fire())
        assert (muting.suppressed, muting.mending) == ("behind db", False)


async def test_who_heard_of_it_is_told_again_once(tmp_path: Path) -> None:
    team, trying = Memory(), Trying()
    trying.reason = ""
    async with scene(tmp_path, setup(receivers={"team": [team]})) as life:
        life.alerting.mender = trying
        alert = await life.fire()
        await life.alerting.tell_again(alert.fingerprint, "result")
        await life.settled()
        assert team.told == [], "nobody has heard of it: the first notice will say it"
        await life.pass_time(15)
        trying.story = "mended"
        for _ in range(2):
            await life.alerting.tell_again(alert.fingerprint, "result")
            await life.settled()
        assert said(team) == ["", "mended"]
