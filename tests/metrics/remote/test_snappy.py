"""Snappy's blocks, of which the header alone decides whether they are opened."""

import contextlib
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsbook.metrics.remote.snappy import TooLargeError, deflated, inflated
from opsbook.metrics.remote.wire import WireError


@given(st.binary(max_size=10_000))
def test_what_was_deflated_comes_back(message: bytes) -> None:
    assert inflated(deflated(message), 10_000) == message


def test_a_bomb_is_refused_before_it_is_opened() -> None:
    bomb = deflated(b"\0" * 50_000_000)
    tracemalloc.start()
    with pytest.raises(TooLargeError, match="50000000 bytes, more than 1000000"):
        inflated(bomb, 1_000_000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


@pytest.mark.parametrize("body", [b"", b"\xff", b"\x05abc", b"\x80" * 20, deflated(b"hello")[:-1]])
def test_what_is_no_block_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        inflated(body, 1_000)


@given(st.binary(max_size=200))
def test_any_bytes_are_inflated_or_refused(body: bytes) -> None:
    with contextlib.suppress(WireError):
        assert len(inflated(body, 1_000)) <= 1_000
