"""Streams between threads: bounded, ended, and honest about failures."""

import threading
from collections.abc import Iterator

import pytest

from opsbook.backups.packing import as_file
from opsbook.backups.stream import Write, ahead, pushed

BLOCK = b"x" * (1 << 20)


def test_all_blocks_come_in_their_order() -> None:
    given = [bytes([number]) * 1000 for number in range(200)]
    assert b"".join(ahead(iter(given), "test")) == b"".join(given)


def test_a_failure_comes_behind_what_was_made_before_it() -> None:
    def produce(write: Write) -> None:
        write(BLOCK)
        raise ValueError("broken")

    blocks = pushed(produce, "test")
    assert next(blocks) == BLOCK
    with pytest.raises(ValueError, match="broken"):
        next(blocks)


def test_who_makes_blocks_is_only_a_few_ahead() -> None:
    made = 0

    def endless() -> Iterator[bytes]:
        nonlocal made
        while True:
            made += 1
            yield BLOCK

    blocks = ahead(endless(), "test")
    for _ in range(10):
        next(blocks)
    blocks.close()  # type: ignore[attr-defined]
    assert made < 30


def test_left_early_the_source_is_closed_and_its_thread_has_ended() -> None:
    closed = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield BLOCK
        finally:
            closed.set()

    before = threading.active_count()
    with as_file(ahead(endless(), "test")) as file:
        assert file.read(10) == b"x" * 10
    assert closed.is_set()
    assert threading.active_count() == before
