"""Who may start a command."""

import json
import os
from pathlib import Path

from opsbook.core.procfs import identify
from opsbook.durable.jobs.wrapper import identity, take


def test_one_of_many_may(tmp_path: Path) -> None:
    read, write = os.pipe()
    children = []
    for _ in range(8):
        child = os.fork()
        if not child:
            os.read(read, 1)
            os._exit(0 if take(tmp_path) else 1)
        children.append(child)
    os.write(write, b"x" * 8)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert sorted(codes) == [0, 1, 1, 1, 1, 1, 1, 1]
    winner = children[codes.index(0)]
    assert json.loads((tmp_path / "go").read_text())["pid"] == winner
    assert [file.name for file in tmp_path.iterdir()] == ["go"]


def test_it_knows_itself_as_opsbook_does() -> None:
    known = identify(os.getpid())
    assert known is not None
    assert identity(os.getpid()) == {
        "pid": known.pid,
        "start_ticks": known.start_ticks,
        "boot_id": known.boot_id,
    }
