"""Who a process is."""

import os
import subprocess
import sys
from dataclasses import replace

from opsbook.core import procfs


def test_a_process_is_more_than_its_number() -> None:
    me = procfs.identify(os.getpid())
    assert me is not None
    assert me.alive()
    assert not replace(me, start_ticks=me.start_ticks - 1).alive()
    assert not replace(me, boot_id="another boot").alive()


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    identity = procfs.identify(child.pid)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert identity is not None
    assert procfs.exiting(child.pid)
    assert not identity.alive()
    child.wait()
    assert procfs.identify(child.pid) is None


def test_arguments_and_environment_are_read_whole() -> None:
    code = "import sys; sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", code, "two words", ""],
        stdin=subprocess.PIPE,
        env={"A_MARK": "with = signs"},
    )
    try:
        while not procfs.environment(child.pid).get("A_MARK"):
            pass
        assert procfs.arguments(child.pid)[-3:-1] == [code, "two words"]
        assert procfs.environment(child.pid)["A_MARK"] == "with = signs"
        assert procfs.executable(child.pid) == os.path.realpath(sys.executable)
        assert child.pid in procfs.all_pids()
    finally:
        child.communicate()


def test_of_the_departed_nothing_is_known() -> None:
    nobody = 2**22 + 1
    assert procfs.identify(nobody) is None
    assert procfs.arguments(nobody) == []
    assert procfs.environment(nobody) == {}
    assert procfs.executable(nobody) is None


def test_own_use_is_measured() -> None:
    usage = procfs.usage(os.getpid())
    assert usage is not None
    assert usage.memory_bytes > 1_000_000
    assert (procfs.open_files(os.getpid()) or 0) >= 3
