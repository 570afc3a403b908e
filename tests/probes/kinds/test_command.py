"""The `command` kind with real programs, and with those that do not want to end."""

import asyncio
import contextlib
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.procfs import exiting
from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import HangingContract, ProbeContract, Settings

Pid = Callable[[], int]


def shell(script: str, **more: Any) -> dict[str, Any]:
    return {"argv": ["sh", "-c", script], **more}


@pytest.fixture
def grandchild(tmp_path: Path) -> Iterator[Pid]:
    """The process whose number the command under test wrote to the file `pid`."""

    def pid() -> int:
        return int((tmp_path / "pid").read_text())

    yield pid
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        os.kill(pid(), signal.SIGKILL)


async def gone(pid: int) -> bool:
    """Whether a process ends within a second."""
    for _ in range(100):
        if exiting(pid):
            return True
        await asyncio.sleep(0.01)
    return False


class TestCommand(ProbeContract, HangingContract):
    kind: ClassVar[str] = "command"

    @pytest.fixture
    async def healthy(self) -> Settings:
        return {"argv": ["true"]}

    @pytest.fixture
    async def broken(self) -> Settings:
        return {"argv": ["false", "anyway"]}

    @pytest.fixture
    async def silent(self) -> Settings:
        return {"argv": ["sleep", "60"]}

    async def test_a_failure_shows_the_exit_code_and_the_last_words(self) -> None:
        outcome = await look(
            "command", shell("echo out; echo first >&2; echo no route >&2; exit 7")
        )
        assert outcome.state is State.DOWN
        assert outcome.message.endswith(" ended with 7: no route")
        assert outcome.measurements["exit_code"] == 7

    async def test_the_last_words_may_stand_on_standard_output(self) -> None:
        outcome = await look("command", shell("echo disk failed; echo; exit 1"))
        assert outcome.message.endswith("ended with 1: disk failed")

    async def test_a_program_that_is_killed_is_told_as_such(self) -> None:
        outcome = await look("command", shell("kill -SEGV $$"))
        assert outcome.state is State.DOWN
        assert "was killed by signal 11 (Segmentation fault): it said nothing" in outcome.message
        assert outcome.measurements["exit_code"] == -signal.SIGSEGV

    @pytest.mark.parametrize(
        ("code", "state"), [(0, State.UP), (1, State.DEGRADED), (2, State.DOWN)]
    )
    async def test_other_exit_codes_can_be_good_or_half_good(self, code: int, state: State) -> None:
        settings = shell(f"exit {code}", exit_codes=[0, 1])
        conditions = {"exit_code": {"at_most": {"warning": 0}}}
        assert (await look("command", settings, conditions=conditions)).state is state

    @pytest.mark.parametrize("program", ["no-such-program", "/etc/passwd", "/no/such/program"])
    async def test_a_program_that_cannot_be_run_is_unknown(self, program: str) -> None:
        outcome = await look("command", {"argv": [program]})
        assert outcome.state is State.UNKNOWN
        assert program in outcome.message
        assert "install it" in outcome.message

    async def test_a_directory_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        missing = str(tmp_path / "none")
        outcome = await look("command", {"argv": ["true"], "directory": missing})
        assert outcome.state is State.UNKNOWN
        assert f"{missing}: No such file" in outcome.message

    async def test_no_shell_reads_the_arguments(self) -> None:
        settings = {"argv": ["echo", "$HOME; exit 1"], "extract": {"find": {"said": ".+"}}}
        assert (await look("command", settings)).measurements["said"] == "$HOME; exit 1"

    async def test_values_are_taken_out_of_the_output(self, tmp_path: Path) -> None:
        (tmp_path / "answer.json").write_text('{"queue": {"depth": 12}}')
        settings = {
            "argv": ["cat", "answer.json"],
            "directory": str(tmp_path),
            "extract": {"values": {"depth": "queue.depth", "age": "queue.age"}},
        }
        outcome = await look("command", settings, conditions={"depth": {"at_most": 10}})
        assert outcome.state is State.DOWN
        assert outcome.measurements["depth"] == 12
        assert "age" not in outcome.measurements

    def test_it_runs_in_the_directory_of_the_book(self, tmp_path: Path) -> None:
        made = make_check("command", {"argv": ["true"]}).probe
        model = type(made)
        probe = model.model_validate({"argv": ["true"]}, context={"directory": tmp_path})
        assert probe.directory == tmp_path  # type: ignore[attr-defined]

    async def test_nothing_can_be_asked_of_the_terminal(self) -> None:
        assert (await look("command", shell("read answer", exit_codes=[1]))).state is State.UP

    async def test_a_secret_reaches_the_program_and_is_never_shown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COMMAND_TOKEN", "s3cret-t0ken")
        settings = shell(
            'echo "$TOKEN"; echo "$TOKEN" >&2; test "$TOKEN" = s3cret-t0ken && exit 9',
            environment={"TOKEN": "env:COMMAND_TOKEN"},
            extract={"find": {"said": ".+"}},
        )
        outcome = await look("command", settings)
        assert outcome.measurements["exit_code"] == 9
        assert outcome.measurements["said"] == "***"
        assert outcome.message.endswith("ended with 9: ***")

    async def test_much_output_is_read_and_not_kept(self) -> None:
        settings = {
            "argv": ["head", "-c", "200000000", "/dev/zero"],
            "extract": {"find": {"zeros": "(?s).+"}},
        }
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        outcome = await look("command", settings)
        assert outcome.state is State.UP, outcome.message
        assert outcome.measurements["output_bytes"] == 200_000_000
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024

    async def test_what_it_leaves_running_ends_with_it_and_does_not_hold_it_up(
        self, tmp_path: Path, grandchild: Pid
    ) -> None:
        script = "sleep 60 & echo $! > pid; echo done"
        started = time.monotonic()
        outcome = await look("command", shell(script, directory=str(tmp_path)))
        assert outcome.state is State.UP, outcome.message
        assert outcome.measurements["output_bytes"] == len("done\n")
        assert time.monotonic() - started < 2
        assert await gone(grandchild())

    async def test_the_deadline_ends_the_whole_group(self, tmp_path: Path, grandchild: Pid) -> None:
        script = "trap '' TERM INT HUP; sleep 60 & echo $! > pid; wait"
        outcome = await look("command", shell(script, directory=str(tmp_path)), timeout="300ms")
        assert outcome.state is State.DOWN
        assert await gone(grandchild())
        assert outcome.duration < 1

    async def test_what_escapes_the_group_and_keeps_the_output_open_holds_nothing_up(
        self, tmp_path: Path, grandchild: Pid
    ) -> None:
        script = "setsid sh -c 'echo $$ > pid; exec sleep 60' & sleep 60"
        outcome = await look("command", shell(script, directory=str(tmp_path)), timeout="500ms")
        assert outcome.duration < 1
        assert not exiting(grandchild())

    @pytest.mark.parametrize("then", ["exit 0", "exec sleep 60"])
    async def test_no_zombie_is_left(self, then: str, tmp_path: Path) -> None:
        script = f"echo $$ > pid; {then}"
        await look("command", shell(script, directory=str(tmp_path)), timeout="300ms")
        pid = (tmp_path / "pid").read_text().strip()
        assert not Path("/proc", pid).exists()

    def test_an_empty_command_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="at least 1"):
            make_check("command", {"argv": []})
