"""Answers are remembered for as long as they are true."""

import time
from pathlib import Path

from opsbook.core.labels import labels_of
from opsbook.web.prometheus.answers import Answer
from opsbook.web.prometheus.memory import Memory
from tests.web.prometheus.conftest import Held
from tests.web.prometheus.served import embedded, served


def always(*, wait: bool = True) -> bool:
    return True


def said(answer: Answer | None) -> bytes | None:
    return None if answer is None else b"".join(answer.data)


def test_an_answer_is_given_again_as_often_as_it_is_asked_for() -> None:
    memory = Memory()
    kept = memory.keep("q", Answer(iter([b"a", b"b"]), ["beware"], unchanged=always))
    assert (said(kept), said(memory.find("q")), said(memory.find("q"))) == (b"ab", b"ab", b"ab")
    assert list(kept.warnings) == ["beware"]


def test_an_answer_that_is_not_true_any_more_is_forgotten() -> None:
    memory, true = Memory(), [True]
    memory.keep("q", Answer([b"a"], unchanged=lambda wait=True: true[0]))
    true[0] = False
    assert memory.find("q") is None
    true[0] = True
    assert memory.find("q") is None


def test_what_cannot_be_told_at_once_is_kept_for_who_can_wait() -> None:
    memory = Memory()
    memory.keep("q", Answer([b"a"], unchanged=lambda wait=True: True if wait else None))
    assert memory.find("q", wait=False) is None
    assert memory.find("q") is not None


def test_what_nobody_can_vouch_for_is_not_kept() -> None:
    memory = Memory()
    memory.keep("q", Answer([b"a"]))
    assert memory.find("q") is None


def test_a_large_answer_stays_in_pieces() -> None:
    pieces = iter([b"a", b"b"])
    answer = Memory().keep("q", Answer(pieces, unchanged=always, size=2_000_000))
    assert answer.data is pieces


def test_the_oldest_goes_when_there_is_no_room() -> None:
    memory = Memory(most_bytes=10)
    for name in "abc":
        memory.keep(name, Answer([b"12345"], unchanged=always))
        memory.find("a")
    assert [memory.find(name) is not None for name in "abc"] == [True, False, True]
    memory.keep("c", Answer([b"1234567890"], unchanged=always))
    assert [memory.find(name) is not None for name in "abc"] == [False, False, True]


def test_asked_again_after_a_sample_the_answer_is_another(tmp_path: Path) -> None:
    with embedded(tmp_path) as store, served(store) as client:
        now = int(time.time() * 1000)
        asked = {"query": "sum(m)", "time": str(now / 1000)}
        for number in range(3):
            store.append("g", now - 10 + number, {labels_of({"__name__": "m"}): float(number)})
            for _ in range(2):
                (one,) = client.data("/query", **asked)["result"]
                assert one["value"][1] == str(number)


def test_asked_to_an_answer_is_found_anew(held: Held) -> None:
    asked = {"query": "sum(load)", "time": str(held.end), "nocache": "1"}
    assert held.client.data("/query", **asked) == held.client.data("/query", **asked)


def test_without_a_time_the_moment_is_always_another(held: Held) -> None:
    first, second = (held.client.data("/query", query="time()")["result"][1] for _ in range(2))
    assert float(second) > float(first)
