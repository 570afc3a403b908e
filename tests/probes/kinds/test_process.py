"""The `process` kind against real processes, and against those that only look like them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.procfs import arguments, command_name, executable
from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ProbeContract, Settings
from tests.requirement import missing

Start = Callable[..., "subprocess.Popen[bytes]"]

NAME = f"api-gateway-{os.getpid()}"
"""Of this run alone: tests that run beside it start the same programs."""
WAITS = "import time; time.sleep(60)\n"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts programs in `tmp_path` and ends them after the test."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*words: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL)
        started.append(process)
        while arguments(process.pid) != list(words):
            assert process.poll() is None, f"{words} ended at once"
            time.sleep(0.001)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    """A program of its own: a copy of `sleep`."""
    return program(tmp_path / "bin", NAME)


def program(directory: Path, name: str) -> Path:
    directory.mkdir(exist_ok=True)
    return Path(shutil.copy(shutil.which("sleep") or "sleep", directory / name))


class TestProcess(ProbeContract):
    kind: ClassVar[str] = "process"

    @pytest.fixture
    async def healthy(self, gateway: Path, start: Start) -> Settings:
        start(str(gateway), "60")
        return {"executable": str(gateway)}

    @pytest.fixture
    async def broken(self, tmp_path: Path) -> Settings:
        return {"executable": str(tmp_path / "bin/none")}

    @pytest.mark.parametrize("how", ["bin/{name}", "./bin/{name}", "{tmp}/bin/{name}"])
    async def test_a_relative_argument_is_found_however_it_was_started(
        self, how: str, gateway: Path, tmp_path: Path, start: Start
    ) -> None:
        start(how.format(tmp=tmp_path, name=gateway.name), "60")
        outcome = await look("process", {"argument": f"bin/{gateway.name}"})
        assert outcome.measurements["count"] == 1

    @pytest.mark.parametrize("looked_for", ["argument", "path", "name"])
    async def test_a_longer_name_is_another_program(
        self, looked_for: str, gateway: Path, tmp_path: Path, start: Start
    ) -> None:
        start(str(program(tmp_path / "bin", f"{gateway.name}-grpc")), "60")
        start(str(program(tmp_path / "bin", f"my-{gateway.name}")), "60")
        start(str(program(tmp_path / "sbin", gateway.name)), "60")
        settings = {
            "argument": {"argument": f"bin/{gateway.name}"},
            "path": {"executable": str(gateway)},
            "name": {"executable": gateway.name[:-1]},
        }[looked_for]
        outcome = await look("process", settings)
        assert outcome.state is State.DOWN
        assert outcome.measurements == {"count": 0}

    @pytest.mark.parametrize(
        "reader",
        [
            ("tail", "-f"),
            (sys.executable, "-c", WAITS),
            (sys.executable, "waits.py"),
            ("sh", "-c", "sleep 60; :"),
        ],
    )
    async def test_an_editor_with_the_file_open_is_not_the_program(
        self, reader: tuple[str, ...], gateway: Path, tmp_path: Path, start: Start
    ) -> None:
        (tmp_path / "waits.py").write_text(WAITS)
        start(*reader, str(gateway))
        outcome = await look("process", {"argument": f"bin/{gateway.name}"})
        assert outcome.state is State.DOWN

    @pytest.mark.parametrize("options", [(), ("-u",), ("-W", "ignore"), ("-X", "dev", "-u")])
    async def test_a_script_is_found_behind_its_interpreter(
        self, options: tuple[str, ...], tmp_path: Path, start: Start
    ) -> None:
        (tmp_path / "serve.py").write_text(WAITS)
        start(sys.executable, *options, f"{tmp_path}/serve.py", "--port", "1")
        outcome = await look("process", {"argument": f"{tmp_path.name}/serve.py"})
        assert outcome.state is State.UP, outcome.message

    async def test_a_word_must_be_one_whole_argument(self, gateway: Path, start: Start) -> None:
        start(str(gateway), "61.125")
        whole = await look("process", {"executable": str(gateway), "argument": "61.125"})
        part = await look("process", {"executable": str(gateway), "argument": "61.12"})
        assert (whole.state, part.state) == (State.UP, State.DOWN)

    async def test_a_symbolic_link_leads_to_the_program(
        self, gateway: Path, tmp_path: Path, start: Start
    ) -> None:
        (tmp_path / "current").symlink_to(gateway)
        start(str(gateway), "60")
        outcome = await look("process", {"executable": str(tmp_path / "current")})
        assert outcome.state is State.UP

    async def test_a_program_that_was_replaced_on_disk_still_runs(
        self, gateway: Path, start: Start
    ) -> None:
        start(str(gateway), "60")
        gateway.unlink()
        assert (await look("process", {"executable": str(gateway)})).state is State.UP

    async def test_a_zombie_does_not_count(self, tmp_path: Path, start: Start) -> None:
        process = start("sleep", "60")
        (tmp_path / "pid").write_text(f"{process.pid}\n")
        alive = await look("process", {"pid_file": str(tmp_path / "pid")})
        process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        dead = await look("process", {"pid_file": str(tmp_path / "pid")})
        assert (alive.state, dead.state) == (State.UP, State.DOWN)

    async def test_a_process_number_that_is_another_programs_now_does_not_count(
        self, gateway: Path, tmp_path: Path, start: Start
    ) -> None:
        (tmp_path / "pid").write_text(str(start("sleep", "60").pid))
        settings = {"pid_file": str(tmp_path / "pid"), "executable": str(gateway)}
        assert (await look("process", settings)).state is State.DOWN

    async def test_no_pid_file_is_down_and_one_without_a_number_is_unknown(
        self, tmp_path: Path
    ) -> None:
        missing = await look("process", {"pid_file": str(tmp_path / "pid")})
        (tmp_path / "pid").write_text("starting")
        unreadable = await look("process", {"pid_file": str(tmp_path / "pid")})
        assert (missing.state, unreadable.state) == (State.DOWN, State.UNKNOWN)
        assert "no number" in unreadable.message

    async def test_several_are_measured_together(self, gateway: Path, start: Start) -> None:
        processes = [start(str(gateway), "60") for _ in range(3)]
        measured = (await look("process", {"executable": str(gateway)})).measurements
        assert measured["count"] == measured["threads"] == len(processes)
        assert measured["open_files"] == 3 * len(processes)
        assert 3 * 64 * 1024 < float(measured["memory_bytes"]) < 3 * 16 * 1024 * 1024
        assert 0 <= float(measured["age_seconds"]) < 60

    async def test_cpu_time_is_that_since_the_last_look(self, start: Start) -> None:
        busy = start(sys.executable, "-c", "while True: pass", f"busy-{NAME}")
        idle = start(sys.executable, "-c", WAITS, f"idle-{NAME}")
        percents: dict[int, Any] = {}
        for process, word in ((busy, f"busy-{NAME}"), (idle, f"idle-{NAME}")):
            probe = make_check("process", {"argument": word}).probe
            await probe.look()
            before, started = cpu_seconds(process.pid), time.monotonic()
            time.sleep(0.3)
            percents[process.pid] = (await probe.look())["cpu_percent"]
            truth = 100 * (cpu_seconds(process.pid) - before) / (time.monotonic() - started)
            # The moments differ a little, and a busy machine makes that more.
            assert percents[process.pid] == pytest.approx(truth, abs=40)
        assert percents[busy.pid] > 20 > 5 > percents[idle.pid]

    async def test_at_the_first_look_cpu_time_is_that_since_the_start(self, start: Start) -> None:
        process = start(sys.executable, "-c", "while True: pass", f"first-{NAME}")
        time.sleep(0.5)
        began = time.monotonic()
        measured = (await look("process", {"argument": f"first-{NAME}"})).measurements
        assert time.monotonic() - began < 0.1
        truth = 100 * cpu_seconds(process.pid) / float(measured["age_seconds"])
        assert float(measured["cpu_percent"]) == pytest.approx(truth, abs=15)

    async def test_only_processes_of_the_user_count(self, gateway: Path, start: Start) -> None:
        start(str(gateway), "60")
        ours = await look("process", {"executable": str(gateway), "user": str(os.geteuid())})
        others = await look("process", {"executable": str(gateway), "user": "65533"})
        nobodys = await look("process", {"executable": str(gateway), "user": "no-such-user"})
        assert (ours.state, others.state) == (State.UP, State.DOWN)
        assert nobodys.state is State.UNKNOWN
        assert "no such user" in nobodys.message

    async def test_a_program_that_we_may_not_see_is_unknown_and_not_down(
        self, as_an_ordinary_user: None
    ) -> None:
        outcome = await look("process", {"executable": command_name(1) or ""})
        assert outcome.state is State.UNKNOWN
        assert "pid 1 " in outcome.message
        assert (await look("process", {"executable": "no-such-program"})).state is State.DOWN

    @pytest.mark.parametrize(
        ("settings", "problem"),
        [
            ({}, "nothing to find"),
            ({"user": "root"}, "nothing to find"),
            ({"executable": "bin/api-gateway"}, "neither an absolute path nor a bare name"),
            ({"argument": ""}, "at least 1"),
        ],
    )
    def test_what_cannot_be_exact_is_refused(self, settings: Settings, problem: str) -> None:
        with pytest.raises(ValidationError, match=problem):
            make_check("process", settings)


@pytest.fixture
def as_an_ordinary_user() -> Iterator[None]:
    """Where the tests run as root, they step down: the programs of root are then hidden."""
    us = os.geteuid()
    if us == 0:
        os.seteuid(65534)
    if executable(1) is not None:
        missing("process 1 belongs to the user who runs the tests")
    yield
    os.seteuid(us)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
