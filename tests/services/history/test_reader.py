"""Histories read from the ledger."""

import time
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from opsbook.probes.model import State
from opsbook.services.history.bars import History
from opsbook.services.history.reader import HistoryReader
from tests.services.history.entries import BEGIN, Written, changed, ledger_of, ordered

STARTED, VERIFIED = "watch.started", "service.verified"
UP = [Written(0, STARTED), changed(1, "answers", "up"), Written(2, VERIFIED, "a")]


def of_service(entries: Sequence[Written], start: float = 0, end: float = 100) -> History:
    reader = HistoryReader(ledger_of(entries))
    return reader.service("a", ["answers"], BEGIN + start, BEGIN + end, 10)


def of_check(entries: Sequence[Written], start: float = 0, end: float = 100) -> History:
    reader = HistoryReader(ledger_of(entries))
    return reader.check("answers", "a", BEGIN + start, BEGIN + end, 10)


def states(history: History) -> str:
    """One letter for each bar."""
    return "".join(bar.state.value[0] for bar in history.bars)


def died(at: float) -> Written:
    return Written(at, "service.died", "a", body={"how": "killed by SIGKILL"})


def test_before_the_first_entry_nothing_is_known() -> None:
    history = of_service(
        [Written(each.at + 55, each.kind, each.subject, body=each.body) for each in UP]
    )
    assert states(history) == "uuuuuuuuuu"
    assert [bar.state for bar in history.bars[4:7]] == [State.UNKNOWN, State.UP, State.UP]
    assert history.availability_percent == 100.0


def test_an_empty_ledger_knows_nothing() -> None:
    history = of_service([])
    assert {bar.state for bar in history.bars} == {State.UNKNOWN}
    assert history.availability_percent is None


def test_a_death_makes_its_bar_down_and_says_why() -> None:
    history = of_service([*UP, died(45), Written(47, VERIFIED, "a")])
    assert states(history) == "uuuuduuuuu"
    cause = history.bars[4].causes[0]
    assert (cause.message, cause.state, cause.entry) == ("killed by SIGKILL", State.DOWN, 4)
    assert history.bars[5].causes == []
    assert history.availability_percent == 100.0 * 96 / 98


def test_trouble_from_before_the_time_is_the_cause_of_its_first_bars() -> None:
    history = of_check([*UP, changed(5, "answers", "down", "refused")], start=50, end=100)
    assert states(history) == "d" * 10
    assert [cause.message for cause in history.bars[9].causes] == ["refused"]


def test_while_no_watch_ran_nothing_is_known() -> None:
    again = [Written(60, STARTED), changed(61, "answers", "up"), Written(62, VERIFIED, "a")]
    history = of_service([*UP, Written(30, "watch.stopped"), *again])
    assert [bar.state is State.UP for bar in history.bars] == [True] * 3 + [False] * 3 + [True] * 4
    assert history.bars[4].causes[0].message == "the watch ended"
    assert history.bars[6].known_percent == 80.0


def test_of_a_watch_that_was_killed_nothing_is_known_after_its_last_entry() -> None:
    last = Written(30, "notice.sent", "desk")
    again = [Written(60, STARTED), changed(61, "answers", "up"), Written(62, VERIFIED, "a")]
    history = of_service([*UP, last, *again])
    assert [bar.state is State.UP for bar in history.bars] == [True] * 3 + [False] * 3 + [True] * 4
    assert history.bars[4].causes[0].message == "the watch was cut short"


def test_trouble_that_lies_in_maintenance_is_shown_as_that() -> None:
    trouble = [changed(42, "answers", "down", maintenance=True), changed(48, "answers", "up")]
    history = of_check([*UP, *trouble])
    assert states(history) == "uuuumuuuuu"
    assert history.availability_percent == 100.0


def test_trouble_beside_maintenance_counts() -> None:
    both = [
        changed(41, "answers", "down", maintenance=True),
        changed(43, "answers", "up"),
        changed(45, "answers", "down"),
        changed(47, "answers", "up"),
    ]
    assert states(of_check([*UP, *both])) == "uuuuduuuuu"


def test_what_is_down_when_an_order_has_failed_is_in_maintenance_no_longer() -> None:
    course = [
        ordered(20, "a", "reload"),
        changed(22, "answers", "down", maintenance=True),
        Written(38, "service.order_failed", "a", body={"reason": "not well"}),
    ]
    expected = [State.UP] * 2 + [State.MAINTENANCE] + [State.DOWN] * 7
    assert [bar.state for bar in of_service([*UP, *course]).bars] == expected
    assert [bar.state for bar in of_check([*UP, *course]).bars] == expected


def test_what_was_stopped_by_order_is_in_maintenance() -> None:
    stop = [ordered(20, "a", "stop"), Written(21, "service.stopped", "a", "ada")]
    history = of_service([*UP, *stop])
    assert [bar.state for bar in history.bars] == [State.UP] * 2 + [State.MAINTENANCE] * 8
    assert history.bars[9].causes[0].message == "stopped by ada"
    assert history.availability_percent == 100.0


def test_a_start_that_fails_after_a_stop_is_down() -> None:
    course = [
        ordered(20, "a", "stop"),
        Written(21, "service.stopped", "a", "ada"),
        ordered(50, "a", "start"),
        Written(51, "service.order_failed", "a", body={"reason": "no such program"}),
    ]
    assert of_service([*UP, *course]).bars[9].state is State.DOWN


def test_a_service_without_checks_is_never_called_available() -> None:
    reader = HistoryReader(ledger_of([*UP, died(45), Written(47, VERIFIED, "a")]))
    history = reader.service("a", [], BEGIN, BEGIN + 100, 10)
    assert history.availability_percent is None
    assert history.bars[4].state is State.DOWN


def test_a_check_of_which_nothing_is_known_yet_says_nothing_of_its_service() -> None:
    reader = HistoryReader(ledger_of(UP))
    history = reader.service("a", ["answers", "younger"], BEGIN, BEGIN + 100, 10)
    assert history.bars[5].state is State.UP


def test_all_services_at_once_stand_as_each_alone() -> None:
    entries = [*UP, died(45), Written(47, VERIFIED, "a"), changed(80, "answers", "degraded")]
    reader = HistoryReader(ledger_of(entries))
    found = reader.services({"a": ["answers"], "b": []}, BEGIN, BEGIN + 100, 10)
    assert found["a"] == of_service(entries)
    assert {bar.state for bar in found["b"].bars} == {State.UNKNOWN}


def test_a_clock_that_was_set_back_does_not_turn_the_order_around() -> None:
    entries = [*UP, changed(50, "answers", "down"), changed(30, "answers", "up")]
    history = of_check(entries)
    assert states(history) == "uuuuuuuuuu"


SERVICE_ENTRIES = {
    "service.adopted": {},
    "service.died": {"how": "x"},
    "service.unwell": {"message": "x"},
    "service.restart": {"reason": "x"},
    "service.restart_failed": {"reason": "x"},
    "service.needs_person": {"reason": "x"},
    "service.verified": {},
    "service.ordered": {"verb": "restart", "by": "ada", "why": "so"},
    "service.order_failed": {"reason": "x"},
    "service.stopped": {"by": "ada"},
}
CHECKS = ("one", "two")
changes = st.builds(
    lambda check, after, maintenance: changed(0, check, after, maintenance=maintenance),
    st.sampled_from([*CHECKS, "of-another"]),
    st.sampled_from(["up", "degraded", "down", "late", "unknown"]),
    st.booleans(),
)
happenings = st.one_of(
    changes,
    changes,
    st.sampled_from([Written(0, kind, "a", body=body) for kind, body in SERVICE_ENTRIES.items()]),
    st.sampled_from([Written(0, STARTED), Written(0, "watch.stopped"), Written(0, "notice.sent")]),
)
ledgers = st.lists(st.tuples(st.integers(0, 6), happenings), max_size=30)


@given(ledgers, st.integers(0, 40), st.integers(1, 7), st.integers(1, 12))
def test_bars_are_what_a_look_at_every_second_finds(
    steps: list[tuple[int, Written]], start: int, width: int, count: int
) -> None:
    entries, now = [], 0
    for step, each in steps:
        now += step
        entries.append(Written(now, each.kind, each.subject, body=each.body))
    reader = HistoryReader(ledger_of(entries))
    begin, end = BEGIN + start, BEGIN + start + width * count
    service = reader.service("a", CHECKS, begin, end, count)
    check = reader.check("one", "a", begin, end, count)
    for history, look in ((service, naive_service), (check, naive_check)):
        seconds = [look(entries, start + each + 0.5) for each in range(width * count)]
        for number, bar in enumerate(history.bars):
            within = seconds[number * width : (number + 1) * width]
            known = [state for state in within if state is not None]
            worst = max(known, key=lambda state: state.severity, default=State.UNKNOWN)
            assert bar.state is worst
            assert round(bar.known_percent * width / 100, 6) == len(known)
        serving = sum(state in (State.UP, State.DEGRADED) for state in seconds)
        telling = serving + sum(state is State.DOWN for state in seconds)
        expected = 100 * serving / telling if telling else None
        found = history.availability_percent
        assert (found is None) is (expected is None)
        assert found is None or expected is None or abs(found - expected) < 1e-6


def naive_service(entries: Sequence[Written], at: float) -> State | None:
    """What holds at a moment, from all that was written until then."""
    since = watched(entries, at)
    own = [each for each in since if each.subject == "a"]
    if not own:
        return None
    life = naive_life(own)
    if life is not State.UP:
        return life
    known = [state for name in CHECKS if (state := naive_one(since, name)) is not None]
    return max(known, key=lambda state: state.severity, default=None)


def naive_check(entries: Sequence[Written], at: float) -> State | None:
    return naive_one(watched(entries, at), "one")


def watched(entries: Sequence[Written], at: float) -> list[Written]:
    """What the watch that runs at a moment has seen; empty where none runs."""
    past = [each for each in entries if each.at <= at]
    later = entries[len(past) :]
    ends = [n for n, each in enumerate(past) if each.kind in (STARTED, "watch.stopped")]
    running = bool(ends) and past[ends[-1]].kind == STARTED
    if later and later[0].kind == STARTED and running:
        return []
    return past[ends[-1] + 1 :] if ends else past


def naive_life(own: Sequence[Written]) -> State | None:
    kind = own[-1].kind
    if kind in ("service.ordered", "service.stopped"):
        return State.MAINTENANCE
    if kind == "service.order_failed":
        before = list(own[:-1])
        while before and before[-1].kind in ("service.order_failed", "service.ordered"):
            before.pop()
        if before and before[-1].kind == "service.stopped":
            return State.DOWN
        return naive_life(before) if before else None
    if kind == "service.adopted":
        return None
    return State.UP if kind == VERIFIED else State.DOWN


def naive_one(since: Sequence[Written], name: str) -> State | None:
    places = [n for n, each in enumerate(since) if each.subject == name]
    if not places:
        return None
    last = since[places[-1]]
    state = State(last.body["after"])
    over = any(each.kind in (VERIFIED, "service.order_failed") for each in since[places[-1] :])
    hidden = last.body["maintenance"] and state is not State.UP and not over
    return State.MAINTENANCE if hidden else state


def test_ninety_days_of_a_large_platform_are_read_quickly() -> None:
    days, entries = 90 * 86_400, [Written(0, STARTED)]
    for number in range(1, 100_000):
        at, check = number * days / 100_000, f"check-{number % 100}"
        if number % 5:
            entries.append(Written(at, "notice.sent", "desk", body={"answer": "x" * 100}))
        else:
            entries.append(changed(at, check, ("up", "down")[number // 100 % 2], "refused"))
    reader = HistoryReader(ledger_of(entries))
    checks = {f"service-{n}": [f"check-{5 * n}"] for n in range(20)}
    taken = []
    for _ in range(3):
        begun = time.process_time()
        reader.services(checks, BEGIN, BEGIN + days, 60)
        taken.append(time.process_time() - begun)
    assert min(taken) < 0.5, "a tenth of a second on a quiet machine"
