"""What people are told, and when, as Alertmanager's own acceptance tests have it."""

from pathlib import Path

import pytest

from opsbook.alerts.delivery.intake import Report, admitted
from opsbook.alerts.model import Notice
from opsbook.alerts.notifier import NotSentError
from opsbook.alerts.notifiers.webhook import Webhook
from opsbook.alerts.routing.intervals import TimeInterval
from opsbook.alerts.routing.matchers import parse_matchers
from opsbook.alerts.routing.route import Branch
from opsbook.alerts.silences import Silence, for_ever
from opsbook.core.clock import ManualClock
from opsbook.core.errors import BadInputError
from tests.alerts.delivery.scene import NOW, Memory, inhibition, scene, setup
from tests.alerts.notifiers.catcher import answer, catching
from tests.alerts.notifiers.catcher import silence as silence_for_ever


def told(notices: list[Notice]) -> list[tuple[float, str, list[str]]]:
    """When, how, and of which instances."""
    return [
        (
            notice.at - NOW,
            notice.status,
            [dict(alert.labels).get("instance", "") for alert in notice.alerts],
        )
        for notice in notices
    ]


async def test_alerts_of_one_kind_are_told_together_after_a_wait(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        await here.fire(instance="a")
        await here.pass_time(3)
        await here.fire(instance="b")
        await here.pass_time(6)
        assert memory.told == []
        await here.pass_time(1)
        assert told(memory.told) == [(10, "firing", ["a", "b"])]


async def test_what_is_new_is_told_after_the_interval(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        await here.fire(instance="a")
        await here.pass_time(12)
        await here.fire(instance="b")
        await here.pass_time(57)
        assert len(memory.told) == 1
        await here.pass_time(1)
        assert told(memory.told)[1] == (70, "firing", ["a", "b"])


async def test_what_is_not_new_is_repeated_after_the_repeat_interval(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        await here.fire()
        await here.pass_time(610)
        assert [at for at, _, _ in told(memory.told)] == [10]
        await here.pass_time(60, step=10)
        assert [at for at, _, _ in told(memory.told)] == [10, 670]


async def test_an_end_is_told_once(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        await here.fire()
        await here.pass_time(15)
        await here.resolve()
        await here.pass_time(400, step=10)
        assert [status for _, status, _ in told(memory.told)] == ["firing", "resolved"]
        assert len(here.alerting.groups) == 0


async def test_what_nobody_repeats_is_taken_to_have_ended(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        await here.fire(ends_in=None)
        await here.pass_time(309, step=1)
        assert [status for _, status, _ in told(memory.told)] == ["firing"]
        await here.pass_time(60, step=10)
        assert [status for _, status, _ in told(memory.told)] == ["firing", "resolved"]


async def test_what_ended_before_it_was_told_is_not_told(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        await here.fire()
        await here.pass_time(5)
        await here.resolve()
        await here.pass_time(100, step=10)
        assert memory.told == []


async def test_one_that_does_not_want_ends_is_told_when_it_fires_again(tmp_path: Path) -> None:
    memory = Memory(send_resolved=False)
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        await here.fire()
        await here.pass_time(15)
        await here.resolve()
        await here.pass_time(100, step=10)
        assert [status for _, status, _ in told(memory.told)] == ["firing"]
        await here.fire()
        await here.pass_time(70, step=10)
        assert [status for _, status, _ in told(memory.told)] == ["firing", "firing"]


async def test_an_end_that_was_not_sent_is_not_recorded_as_sent_by_the_next_life(
    tmp_path: Path,
) -> None:
    memory = Memory(send_resolved=False)
    wanted = setup(receivers={"team": [memory]})
    async with scene(tmp_path, wanted) as here:
        await here.fire()
        await here.pass_time(15)
        await here.resolve()
        await here.pass_time(100, step=10)
    async with scene(tmp_path, wanted, here.clock) as here:
        await here.settled()
        assert len(await here.entries("notice.sent")) == len(memory.told) == 1


async def test_what_ended_for_want_of_news_does_not_fire_again_after_a_restart(
    tmp_path: Path,
) -> None:
    wanted = setup(receivers={"team": [Memory()]})
    async with scene(tmp_path, wanted) as here:
        await here.fire(ends_in=None)
        await here.pass_time(400, step=10)
        assert len(await here.entries("alert.resolved")) == 1
    async with scene(tmp_path, wanted, here.clock) as here:
        await here.pass_time(400, step=10)
        assert len(await here.entries("alert.firing")) == 1
        assert len(await here.entries("alert.resolved")) == 1


async def test_a_receiver_that_is_busy_is_told_later_and_others_at_once(tmp_path: Path) -> None:
    busy, fine = Memory(), Memory()
    busy.refuse(NotSentError("503"), NotSentError("503"))
    async with scene(tmp_path, setup(receivers={"team": [busy, fine]})) as here:
        await here.fire()
        await here.pass_time(10)
        assert (len(busy.told), len(fine.told)) == (0, 1)
        await here.pass_time(5)
        assert (len(busy.told), len(fine.told)) == (1, 1)
        assert len(set(busy.keys)) == 1


async def test_a_receiver_that_wants_to_be_left_alone_is_left_alone(tmp_path: Path) -> None:
    busy = Memory()
    busy.refuse(NotSentError("429", retry_after=30))
    async with scene(tmp_path, setup(receivers={"team": [busy]})) as here:
        await here.fire()
        await here.pass_time(38)
        assert busy.told == []
        await here.pass_time(3)
        assert len(busy.told) == 1


async def test_one_that_refuses_for_good_is_given_up_visibly_and_the_fallback_is_told(
    tmp_path: Path,
) -> None:
    gone, other = Memory(), Memory()
    gone.refuse(NotSentError("404 channel_not_found", permanent=True))
    wanted = setup(receivers={"team": [gone], "people": [other]}, fallbacks={"team": "people"})
    async with scene(tmp_path, wanted) as here:
        await here.fire()
        await here.pass_time(11)
        (notice,) = other.told
        assert notice.variables["instead_of"] == "team"
        assert "channel_not_found" in notice.variables["because"]
        (entry,) = await here.entries("notice.failed")
        assert entry.subject == "team"
        assert here.alerting.outbox.failed == {"memory": 1}


async def test_a_fallback_is_not_told_the_same_at_every_turn(tmp_path: Path) -> None:
    gone, other = Memory(), Memory()
    gone.refuse(*(NotSentError("404", permanent=True) for _ in range(99)))
    wanted = setup(receivers={"team": [gone], "people": [other]}, fallbacks={"team": "people"})
    clock = ManualClock(NOW)
    async with scene(tmp_path, wanted, clock) as here:
        await here.fire(ends_in=9000)
        await here.pass_time(400, step=10)
        assert len(gone.keys) > 3
        assert len(other.told) == 1
    async with scene(tmp_path, wanted, clock) as here:
        await here.pass_time(200, step=10)
        assert len(other.told) == 1
        await here.resolve()
        await here.fire("Down", instance="b")
        await here.pass_time(100, step=10)
        assert len(other.told) > 1


async def test_the_fallback_is_told_too_when_trying_takes_long(tmp_path: Path) -> None:
    busy, other = Memory(), Memory()
    busy.refuse(*(NotSentError("503") for _ in range(9)))
    wanted = setup(receivers={"team": [busy], "people": [other]}, fallbacks={"team": "people"})
    async with scene(tmp_path, wanted) as here:
        await here.fire()
        await here.pass_time(60)
        assert other.told == []
        await here.pass_time(120, step=5)
        assert len(other.told) == 1


async def test_what_may_have_arrived_is_not_sent_again_by_itself(tmp_path: Path) -> None:
    plain = Memory()
    plain.refuse(NotSentError("the answer was lost", uncertain=True))
    async with scene(tmp_path, setup(receivers={"team": [plain]})) as here:
        await here.fire()
        await here.pass_time(100, step=5)
        assert len(plain.keys) == 1
        (entry,) = await here.entries("notice.unknown")
        assert "the answer was lost" in entry.body


async def test_while_it_cannot_be_delivered_a_notice_shows_what_is_true_now(tmp_path: Path) -> None:
    busy = Memory()
    busy.refuse(*(NotSentError("503") for _ in range(7)))
    async with scene(tmp_path, setup(receivers={"team": [busy]})) as here:
        await here.fire(instance="a")
        await here.pass_time(20)
        await here.resolve(instance="a")
        await here.pass_time(300, step=2)
        assert [status for _, status, _ in told(busy.told)] == ["resolved"]
        assert len(here.alerting.outbox.undelivered) == 0


async def test_every_notice_and_its_answer_is_in_the_ledger(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        alert = await here.fire()
        await here.pass_time(12)
        (entry,) = await here.entries("notice.sent")
        assert memory.keys[0] in entry.body
        assert alert.fingerprint in entry.body
        assert '"answer":"ok"' in entry.body
        assert len(await here.entries("alert.firing")) == 1


async def test_a_restart_tells_nothing_twice_and_goes_on(tmp_path: Path) -> None:
    memory, clock = Memory(), ManualClock(NOW)
    wanted = setup(receivers={"team": [memory]})
    async with scene(tmp_path, wanted, clock) as here:
        await here.fire()
        await here.pass_time(15)
    clock.advance(30)
    async with scene(tmp_path, wanted, clock) as here:
        await here.pass_time(100, step=5)
        assert len(memory.told) == 1
        await here.resolve()
        await here.pass_time(70, step=5)
        assert [status for _, status, _ in told(memory.told)] == ["firing", "resolved"]


async def test_nothing_is_resolved_because_nobody_could_say_that_it_is_not(tmp_path: Path) -> None:
    memory, clock = Memory(), ManualClock(NOW)
    wanted = setup(receivers={"team": [memory]})
    async with scene(tmp_path, wanted, clock) as here:
        await here.fire(ends_in=60)
        await here.pass_time(15)
    clock.advance(3600)
    async with scene(tmp_path, wanted, clock) as here:
        await here.pass_time(200, step=10)
        await here.fire(ends_in=3600)
        await here.pass_time(200, step=10)
        assert {status for _, status, _ in told(memory.told)} == {"firing"}


async def test_what_waited_when_the_process_ended_is_told_by_the_next(tmp_path: Path) -> None:
    memory, clock = Memory(), ManualClock(NOW)
    wanted = setup(receivers={"team": [memory]})
    async with scene(tmp_path, wanted, clock) as here:
        await here.fire()
    clock.advance(300)
    async with scene(tmp_path, wanted, clock) as here:
        await here.pass_time(1)
        assert len(memory.told) == 1


async def test_another_configuration_tells_nothing_twice(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        await here.fire()
        await here.pass_time(15)
        here.alerting.reload(setup(receivers={"team": [memory], "more": [Memory()]}))
        await here.pass_time(200, step=10)
        assert len(memory.told) == 1


async def test_a_receiver_that_is_not_declared_any_more_is_said_to_have_failed(
    tmp_path: Path,
) -> None:
    busy = Memory()
    busy.refuse(*(NotSentError("503") for _ in range(9)))
    async with scene(tmp_path, setup(receivers={"team": [busy]})) as here:
        await here.fire()
        await here.pass_time(12)
        here.alerting.reload(setup(receivers={"other": [Memory()]}))
        await here.pass_time(30)
        (entry,) = await here.entries("notice.failed")
        assert "not declared any more" in entry.body


async def test_an_inhibited_alert_is_told_when_its_source_has_ended(tmp_path: Path) -> None:
    memory = Memory()
    wanted = setup(
        receivers={"team": [memory]},
        inhibitions=[inhibition("alertname=HostDown", "alertname=Slow", "host")],
    )
    async with scene(tmp_path, wanted) as here:
        await here.fire("HostDown", host="a", instance="host")
        await here.fire("Slow", host="a", instance="slow")
        await here.pass_time(15)
        assert [instances for _, _, instances in told(memory.told)] == [["host"]]
        await here.resolve("HostDown", host="a", instance="host")
        await here.pass_time(130, step=5)
        assert ["slow"] in [instances for _, _, instances in told(memory.told)]


async def test_a_source_and_its_target_that_end_together_are_told_as_one(tmp_path: Path) -> None:
    memory = Memory()
    wanted = setup(
        receivers={"team": [memory]},
        inhibitions=[inhibition("alertname=HostDown", "alertname=Slow")],
    )
    async with scene(tmp_path, wanted) as here:
        await here.fire("HostDown", instance="host")
        await here.fire("Slow", instance="slow")
        await here.pass_time(15)
        await here.resolve("HostDown", instance="host")
        await here.resolve("Slow", instance="slow")
        await here.pass_time(130, step=5)
        assert [instances for _, _, instances in told(memory.told)] == [["host"], ["host"]]


async def test_inhibition_holds_across_a_restart(tmp_path: Path) -> None:
    memory, clock = Memory(), ManualClock(NOW)
    wanted = setup(
        receivers={"team": [memory]},
        inhibitions=[inhibition("alertname=HostDown", "alertname=Slow")],
    )
    async with scene(tmp_path, wanted, clock) as here:
        await here.fire("HostDown", instance="host")
        await here.fire("Slow", instance="slow")
    clock.advance(20)
    async with scene(tmp_path, wanted, clock) as here:
        await here.pass_time(5)
        assert [instances for _, _, instances in told(memory.told)] == [["host"]]


def silence(matchers: str, starts: float, ends: float, **more: object) -> Silence:
    return Silence(parse_matchers(matchers), starts, ends, "ada", "we work on it", **more)  # type: ignore[arg-type]


async def test_what_is_silenced_is_not_told_until_the_silence_ends(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        wanted = silence("alertname=Down", NOW, NOW + 100)
        made = await here.alerting.silence(wanted, "ada")
        alert = await here.fire()
        assert here.alerting.muting(alert).silenced_by == (made.id,)
        await here.pass_time(95, step=5)
        assert memory.told == []
        await here.pass_time(60, step=5)
        assert len(memory.told) == 1


async def test_a_silence_that_comes_after_the_first_notice_holds_the_next(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        await here.fire()
        await here.pass_time(15)
        made = await here.alerting.silence(silence("alertname=Down", NOW, NOW + 9000), "ada")
        await here.resolve()
        await here.pass_time(100, step=5)
        assert len(memory.told) == 1
        await here.alerting.expire(made.id, "ada")
        assert [each.state(here.clock.now()) for each in here.alerting.silences] == ["expired"]


async def test_a_silence_outlives_the_process(tmp_path: Path) -> None:
    memory, clock = Memory(), ManualClock(NOW)
    wanted = setup(receivers={"team": [memory]})
    async with scene(tmp_path, wanted, clock) as here:
        await here.alerting.silence(silence("alertname=Down", NOW, NOW + 900), "ada")
    async with scene(tmp_path, wanted, clock) as here:
        await here.fire()
        await here.pass_time(30, step=5)
        assert memory.told == []


async def test_a_silence_until_resolved_ends_with_what_it_silences(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        wanted = silence("alertname=Down", NOW, for_ever(NOW), until_resolved=True)
        await here.alerting.silence(wanted, "ada")
        await here.fire()
        await here.pass_time(400, step=10)
        (known,) = here.alerting.silences
        assert known.state(here.clock.now()) == "active"
        await here.resolve()
        await here.pass_time(400, step=10)
        (known,) = here.alerting.silences
        assert known.state(here.clock.now()) == "expired"


async def test_it_is_said_before_a_silence_ends_whose_alert_still_fires(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        await here.alerting.silence(silence("alertname=Down", NOW, NOW + 1000), "ada")
        await here.fire()
        await here.pass_time(740, step=5)
        assert memory.told == []
        await here.pass_time(30, step=5)
        (notice,) = memory.told
        assert notice.alerts[0].name == "SilenceEnds"
        assert "Down still fires" in dict(notice.alerts[0].annotations)["summary"]


async def test_a_recurring_silence_holds_only_within_its_times(tmp_path: Path) -> None:
    memory = Memory()
    # NOW is 22:13:20; the interval ends at 22:15.
    intervals = {"nightly": [TimeInterval(times=((1320, 1335),))]}
    wanted = setup(receivers={"team": [memory]}, intervals=intervals)
    async with scene(tmp_path, wanted) as here:
        made = silence("alertname=Down", NOW, for_ever(NOW), interval="nightly")
        await here.alerting.silence(made, "ada")
        await here.fire()
        await here.pass_time(95, step=5)
        assert memory.told == []
        await here.pass_time(60, step=5)
        assert len(memory.told) == 1


async def test_a_silence_with_an_interval_that_is_not_declared_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path, setup(receivers={"team": [Memory()]})) as here:
        with pytest.raises(BadInputError, match="no time interval 'nightly'"):
            await here.alerting.silence(silence("a=b", NOW, NOW + 60, interval="nightly"), "ada")


async def test_a_route_is_quiet_within_its_mute_times(tmp_path: Path) -> None:
    memory = Memory()
    wanted = setup(
        Branch(parse_matchers("alertname=Down"), mute=("late",)),
        receivers={"team": [memory]},
        intervals={"late": [TimeInterval(times=((1320, 1335),))]},
    )
    async with scene(tmp_path, wanted) as here:
        await here.fire()
        await here.pass_time(95, step=5)
        assert memory.told == []
        await here.pass_time(60, step=5)
        assert len(memory.told) == 1


async def test_a_route_is_quiet_outside_of_its_active_times(tmp_path: Path) -> None:
    memory = Memory()
    wanted = setup(
        Branch(parse_matchers("alertname=Down"), active=("work",)),
        receivers={"team": [memory]},
        intervals={"work": [TimeInterval(times=((540, 1020),))]},
    )
    async with scene(tmp_path, wanted) as here:
        alert = await here.fire()
        await here.pass_time(100, step=10)
        assert memory.told == []
        (route,) = here.alerting.routes(alert)
        assert here.alerting.route_muted_by(route) == ("work",)


async def test_an_acknowledged_alert_is_not_repeated(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        alert = await here.fire(ends_in=9000)
        await here.pass_time(15)
        await here.alerting.acknowledge([alert.fingerprint], "ada", "on it", "", None)
        await here.pass_time(900, step=10)
        assert len(memory.told) == 1
        await here.fire(instance="b")
        await here.pass_time(60, step=10)
        assert len(memory.told) == 2
        (entry,) = await here.entries("alert.acknowledged")
        assert entry.actor == "ada"


async def test_an_acknowledgement_ends_with_its_alert(tmp_path: Path) -> None:
    async with scene(tmp_path, setup(receivers={"team": [Memory()]})) as here:
        alert = await here.fire()
        await here.alerting.acknowledge([alert.fingerprint], "ada", "", "bob", None)
        assert [each.assignee for each in here.alerting.acknowledgements] == ["bob"]
        await here.resolve()
        await here.pass_time(2)
        assert list(here.alerting.acknowledgements) == []


async def test_what_has_ended_is_kept_in_the_history(tmp_path: Path) -> None:
    async with scene(tmp_path, setup(receivers={"team": [Memory()]})) as here:
        await here.fire(instance="a")
        await here.pass_time(5)
        await here.resolve(instance="a")
        await here.pass_time(2)
        (found,) = await here.alerting.history(NOW - 10, NOW + 100, "Down", 10)
        assert (found.starts_at, found.ends_at) == (NOW, NOW + 5)
        assert await here.alerting.history(NOW - 10, NOW + 100, "Other", 10) == []


async def test_a_suppressed_alert_is_not_told_and_the_reason_is_shown(tmp_path: Path) -> None:
    memory = Memory()

    def reason(alert: object) -> str:
        return "behind database"

    wanted = setup(receivers={"team": [memory]})
    async with scene(tmp_path, wanted, suppression=reason) as here:
        alert = await here.fire()
        await here.pass_time(30, step=5)
        assert memory.told == []
        assert here.alerting.muting(alert).suppressed == "behind database"


async def test_labels_may_be_of_any_script(tmp_path: Path) -> None:
    memory = Memory()
    wanted = setup(
        Branch(parse_matchers('"größe"="riesig"'), receiver="big"),
        receivers={"team": [Memory()], "big": [memory]},
    )
    async with scene(tmp_path, wanted) as here:
        await here.send(Report({"alertname": "Voll 🚨", "größe": "riesig"}, {}))
        await here.pass_time(12)
        assert memory.told[0].alerts[0].name == "Voll 🚨"


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (Report({}, {}), "at least one label pair"),
        (Report({"a": ""}, {}), "at least one label pair"),
        (Report({"": "x"}, {}), "without a name"),
        (Report({"a": "b"}, {}, NOW + 10, NOW), "start time must be before end time"),
        (Report({"a": "x" * 100_000}, {}), "longer than"),
        (Report({f"l{n}": "x" for n in range(200)}, {}), "200 labels, more than 128"),
    ],
)
async def test_what_is_no_alert_is_refused(tmp_path: Path, report: Report, said: str) -> None:
    async with scene(tmp_path, setup(receivers={"team": [Memory()]})) as here:
        with pytest.raises(BadInputError, match=said):
            await here.send(report)


async def test_an_alert_with_several_routes_is_told_to_each(tmp_path: Path) -> None:
    one, two = Memory(), Memory()
    wanted = setup(
        Branch(parse_matchers("alertname=Down"), receiver="one", goes_on=True),
        Branch(parse_matchers("alertname=~D.*"), receiver="two"),
        receivers={"root": [Memory()], "one": [one], "two": [two]},
    )
    async with scene(tmp_path, wanted) as here:
        await here.fire()
        await here.pass_time(12)
        assert (len(one.told), len(two.told)) == (1, 1)


async def test_a_storm_becomes_few_notices(tmp_path: Path) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        now = here.clock.now()
        reports = [
            Report({"alertname": "Down", "instance": str(number)}, {}) for number in range(2000)
        ]
        assert await here.alerting.put([admitted(each, now, 300) for each in reports]) == 2000
        await here.pass_time(12)
        assert [len(notice.alerts) for notice in memory.told] == [2000]


async def test_a_webhook_that_gave_no_answer_in_time_is_asked_again(tmp_path: Path) -> None:
    async with catching() as catcher:
        catcher.then(silence_for_ever, answer(200))
        hook = Webhook.model_validate({"url": catcher.url, "timeout": "200ms"})
        async with scene(tmp_path, setup(receivers={"team": [hook]})) as here:
            await here.fire()
            await here.pass_time(15)
            (entry,) = await here.entries("notice.sent")
    # A busy machine may take longer than the hook waits, and then it is asked once more.
    assert len(catcher.caught) >= 2
    assert '"attempts":1,' not in entry.body


async def test_a_fault_of_our_own_refuses_a_report_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    memory = Memory()
    async with scene(tmp_path, setup(receivers={"team": [memory]})) as here:
        with pytest.raises(UnicodeEncodeError):
            await here.fire("\ud800")
        assert "1 reports of alerts were not taken" in caplog.text
        await here.fire()
        await here.pass_time(12)
        assert len(memory.told) == 1
