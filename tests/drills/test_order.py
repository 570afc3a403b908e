"""A fault's directory, and the switch that looks at it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from opsbook.drills.fault import FaultError
from opsbook.drills.order import Order


def order_in(directory: Path) -> tuple[Order, Path]:
    """One that touches a file, and adds a line to another whenever it is ended."""
    hurt = directory / "hurt"
    order = Order(directory / "order")
    order.make()
    undo = ["sh", "-c", f"rm -f {hurt}; echo ended >> {directory / 'ends'}"]
    prepared = {"inject": ["touch", str(hurt)], "undo": undo, "within": 5, "directory": "/"}
    order.write("command", {**prepared, "output": str(directory / "output")})
    return order, hurt


def ends(directory: Path) -> int:
    return len((directory / "ends").read_text().split())


def switch(order: Order, until: float) -> "subprocess.Popen[bytes]":
    words = ["-P", "-m", "opsbook.drills.switch", str(order.directory), str(until)]
    return subprocess.Popen([sys.executable, *words])


async def test_it_is_ended_once(tmp_path: Path) -> None:
    order, hurt = order_in(tmp_path)
    await order.begin()
    assert hurt.exists()
    assert [await order.end(), await order.end()] == [True, False]
    assert (hurt.exists(), ends(tmp_path)) == (False, 1)


async def test_what_was_ended_does_not_begin_any_more(tmp_path: Path) -> None:
    order, hurt = order_in(tmp_path)
    await order.end()
    with pytest.raises(FaultError, match="ended before it could begin"):
        await order.begin()
    assert not hurt.exists()


async def test_what_was_never_there_needs_no_end(tmp_path: Path) -> None:
    assert await Order(tmp_path / "none").end() is False


async def test_the_switch_ends_it_when_its_time_is_over(tmp_path: Path) -> None:
    order, hurt = order_in(tmp_path)
    await order.begin()
    assert switch(order, time.time() + 0.3).wait(20) == 0
    assert (hurt.exists(), ends(tmp_path)) == (False, 1)


async def test_the_switch_leaves_when_it_was_ended_by_others(tmp_path: Path) -> None:
    order, _ = order_in(tmp_path)
    waiting = switch(order, time.time() + 600)
    await order.end()
    assert waiting.wait(20) == 0
    assert ends(tmp_path) == 1
