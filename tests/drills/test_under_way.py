"""Faults under way, and what is left of them."""

import socket
import time
from pathlib import Path

import pytest

from opsbook.core.clock import SystemClock
from opsbook.drills.fault import FaultError
from opsbook.drills.order import Order
from opsbook.drills.store import FaultRow, add_fault, faults_on
from opsbook.drills.under_way import FaultsUnderWay, end_left_behind
from opsbook.state.database import reading
from opsbook.state.ledger import read_entries
from tests.drills.faults.contract import nobody
from tests.drills.scene import EXPECT, settings
from tests.state.databases import ledger_in


async def test_a_fault_is_on_record_and_on_the_disk_before_it_begins(tmp_path: Path) -> None:
    hurt, place = tmp_path / "hurt", tmp_path / "drills"
    command = {"inject": ["touch", str(hurt)], "undo": ["rm", "-f", str(hurt)]}
    declared = settings(tmp_path, d={"command": command, "expect": EXPECT})["d"]
    with ledger_in(tmp_path) as (engine, ledger):
        faults = FaultsUnderWay(place, engine, ledger, SystemClock())
        await faults.prepare("drill.d.1", "d", declared, nobody)
        assert not hurt.exists()
        assert (place / "faults/drill.d.1/order.json").exists()
        await faults.begin("drill.d.1")
        assert hurt.exists()
        await faults.sweep(before=time.time())
        assert hurt.exists()
        await faults.sweep()
        assert not hurt.exists()
        assert list((place / "faults").iterdir()) == []
        with pytest.raises(FaultError, match="ended before it could begin"):
            await faults.begin("drill.d.1")
        faults.close()


async def test_what_cannot_be_ended_is_told_once_and_tried_again(tmp_path: Path) -> None:
    undo = tmp_path / "undo"
    command = {"inject": ["true"], "undo": [str(undo)]}
    declared = settings(tmp_path, d={"command": command, "expect": EXPECT})["d"]
    with ledger_in(tmp_path) as (engine, ledger):
        faults = FaultsUnderWay(tmp_path / "drills", engine, ledger, SystemClock())
        await faults.prepare("drill.d.1", "d", declared, nobody)
        await faults.begin("drill.d.1")
        await faults.sweep()
        await faults.sweep()
        undo.symlink_to("/bin/true")
        await faults.sweep()
        assert await ledger.flush(5)
        with reading(engine) as connection:
            told = [entry.kind for entry in read_entries(connection)]
        faults.close()
    assert told == ["drill.undo_failed", "drill.undone"]


async def test_an_order_that_cannot_be_read_is_no_reason_to_fall_over(tmp_path: Path) -> None:
    with ledger_in(tmp_path) as (engine, ledger):
        faults = FaultsUnderWay(tmp_path / "drills", engine, ledger, SystemClock())
        order = Order(tmp_path / "drills/faults/drill.d.1")
        order.make()
        (order.directory / "order.json").write_text("{")
        add_fault(engine, FaultRow("drill.d.1", socket.gethostname(), "d", "kill a", 0.0))
        await faults.sweep()
        with pytest.raises(FaultError, match=r"cannot read .*order\.json"):
            await faults.end("drill.d.1", "d")
        faults.close()


async def test_the_faults_of_other_machines_are_left_to_them(tmp_path: Path) -> None:
    row = FaultRow("drill.d.1", "another.example", "d", "kill a", 0.0)
    with ledger_in(tmp_path) as (engine, ledger):
        add_fault(engine, row)
        await FaultsUnderWay(tmp_path / "drills", engine, ledger, SystemClock()).sweep()
        assert faults_on(engine, "another.example") == [row]


async def test_where_there_never_was_a_drill_nothing_is_left(tmp_path: Path) -> None:
    assert await end_left_behind(tmp_path / "none") == []
