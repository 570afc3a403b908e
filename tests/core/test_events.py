"""Events between rooms."""

import logging

import pytest

from opsbook.core.events import Bus


def test_an_event_reaches_those_who_asked_for_its_type_or_a_base_of_it() -> None:
    bus, heard = Bus(), list[object]()
    bus.subscribe(int, heard.append)
    bus.subscribe(object, heard.append)
    bus.announce(True)
    bus.announce("text")
    assert heard == [True, True, "text"]


def test_a_handler_that_fails_keeps_nobody_else_from_hearing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus, heard = Bus(), list[int]()

    def failing(event: int) -> None:
        raise ValueError(event)

    bus.subscribe(int, failing)
    bus.subscribe(int, heard.append)
    with caplog.at_level(logging.ERROR):
        bus.announce(0)
    assert heard == [0]
    assert "handler of int failed" in caplog.text


def test_who_has_left_hears_nothing() -> None:
    bus, heard = Bus(), list[int]()
    bus.subscribe(int, heard.append)
    bus.unsubscribe(int, heard.append)
    bus.announce(1)
    assert heard == []
