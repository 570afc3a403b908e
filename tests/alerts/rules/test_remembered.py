"""Alerting rules over a restart: nothing ends that has not, and nobody waits twice."""

from typing import Any

import pytest

from opsbook.alerts.rules.alerting import Setting
from opsbook.core.labels import labels_of
from opsbook.metrics.rules.group import Group
from tests.alerts.rules.world import START, World, rule_of, states


class Lives:
    """One rule, evaluated every 15 s in each of its lives."""

    def __init__(self, hold: str, **spec: Any) -> None:
        self.world = World()
        self.spec = {"expr": "temperature > 80", "hold": hold, **spec}
        self.rule: Group = self.start()

    def start(self) -> Group:
        self.rule = self.world.rule(**self.spec)
        return self.rule

    def live(self, start: int, end: int, value: float | None = 90) -> list[tuple[int, str]]:
        """What is told from `start` to `end`."""
        told = []
        for second in range(start, end + 1, 15):
            if value is not None:
                self.world.put(second, "temperature", value, room="a")
            told += [(second, each.state) for each in self.world.evaluate(self.rule, second)]
        return told


@pytest.mark.parametrize("hold", ["1m", "15m"])
@pytest.mark.parametrize("away", [15, 1800])
def test_what_fired_fires_at_once(hold: str, away: int) -> None:
    lives = Lives(hold)
    lives.live(0, 1200)
    lives.start()
    back = 1200 + away
    assert lives.live(back, back) == [(back, "firing")]
    (alert,) = rule_of(lives.rule).alerts
    assert alert.active_at == START / 1000


def test_what_was_pending_waits_for_the_rest_of_its_time() -> None:
    lives = Lives("5m")
    lives.live(0, 240)
    lives.start()
    assert [at for at, _ in lives.live(300, 420)] == [360]


def test_as_in_prometheus_long_times_are_not_over_before_ten_minutes() -> None:
    lives = Lives("15m")
    lives.live(0, 840)
    lives.start()
    assert [at for at, _ in lives.live(855, 1500)] == [1455]


def test_what_has_much_of_its_time_left_is_only_pushed_back() -> None:
    lives = Lives("30m")
    lives.live(0, 300)
    lives.start()
    assert [at for at, _ in lives.live(900, 2460)] == [2400]


def test_an_outage_of_more_than_an_hour_says_nothing() -> None:
    lives = Lives("1m")
    lives.live(0, 300)
    lives.start()
    assert [at for at, _ in lives.live(4200, 4260)] == [4260]


def test_what_had_ended_before_waits_again() -> None:
    lives = Lives("1m")
    lives.live(0, 300)
    lives.live(315, 330, 70)
    lives.start()
    assert lives.live(345, 390) == []
    assert states(lives.rule) == ["pending"]


def test_what_comes_back_in_the_first_minute_fires_at_once() -> None:
    lives = Lives("5m")
    lives.live(0, 600)
    lives.start()
    assert lives.live(1200, 1215, None) == []
    assert lives.live(1230, 1230) == [(1230, "firing")]


def test_what_comes_back_later_waits_again() -> None:
    lives = Lives("5m")
    lives.live(0, 600)
    lives.start()
    lives.live(1200, 1275, 70)
    assert rule_of(lives.rule).settled
    assert lives.live(1290, 1500) == []


def test_what_is_kept_firing_is_so_after_a_restart() -> None:
    lives = Lives("0s", keep_firing_for="5m")
    lives.live(0, 60)
    lives.live(75, 90, 70)
    lives.start()
    assert lives.live(105, 120, 70) == [(105, "firing")]


def test_what_has_not_recovered_fires_after_a_restart_with_what_was_said_of_it() -> None:
    lives = Lives("0s", recovery="temperature < 60")
    lives.live(0, 60)
    labels = labels_of({"alertname": "A", "room": "a"})
    known = {labels: labels_of({"summary": "hot"})}
    setting = Setting(lives.world._tell, annotations_of=known.__getitem__)
    lives.spec["setting"] = setting
    lives.start()
    assert lives.live(75, 75, 70) == [(75, "firing")]
    (alert,) = rule_of(lives.rule).alerts
    assert dict(alert.annotations) == {"summary": "hot"}
    assert lives.live(90, 90, 50) == [(90, "inactive")]


def test_what_cannot_be_asked_at_first_is_asked_again() -> None:
    lives = Lives("5m")
    lives.live(0, 600)
    lives.start()
    lives.world.broken = True
    assert lives.live(615, 615) == []
    lives.world.broken = False
    assert lives.live(630, 630) == [(630, "firing")]


def test_alerts_of_other_rules_are_not_taken_for_its_own() -> None:
    lives = Lives("5m", labels={"severity": "page"})
    lives.live(0, 600)
    lives.spec["labels"] = {"severity": "info"}
    lives.start()
    assert lives.live(615, 615) == []
    assert states(lives.rule) == ["pending"]
