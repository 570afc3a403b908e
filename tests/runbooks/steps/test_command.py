"""The `command` step with real programs."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest

from opsbook.core.procfs import all_pids, arguments, exiting
from opsbook.core.secrets import Secret
from opsbook.runbooks.action import ActionFailedError, ActionUnknownError
from tests.eventually import eventually
from tests.runbooks.steps.contract import Settings, StepContract, StoppingContract
from tests.runbooks.steps.stage import Stage, step


def living(mark: str) -> list[int]:
    """Who has this mark among its arguments, other than wrappers."""
    return [
        pid
        for pid in all_pids()
        if any(mark in word for word in arguments(pid))
        and not any("wrapper.py" in word for word in arguments(pid))
        and not exiting(pid)
    ]


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


class TestCommand(StepContract):
    kind: ClassVar[str] = "command"

    @pytest.fixture
    async def good(self, stage: Stage) -> Settings:
        return {"argv": shell("echo once >> effects; echo done")}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return {"argv": shell("echo it hurts >&2; exit 3")}

    def effects(self, stage: Stage) -> int:
        done = stage.home / "effects"
        return len(done.read_text().splitlines()) if done.exists() else 0

    async def test_what_changes_something_shows_what(self, stage: Stage, good: Settings) -> None:
        """Nobody can tell what a program would change, but its words can be shown."""
        change = await step("command", good).action.preview(stage.context())
        assert change is not None
        assert "echo once" in change.after

    async def test_its_end_and_its_words_are_given(self, stage: Stage, good: Settings) -> None:
        result = await stage.carry_out("command", good)
        assert (result["exit_code"], result["output"]) == (0, "done\n")
        assert result["seconds"] >= 0

    async def test_another_exit_code_is_a_failure_with_its_last_words(
        self, stage: Stage, bad: Settings
    ) -> None:
        with pytest.raises(ActionFailedError, match="ended with 3: it hurts") as caught:
            await stage.carry_out("command", bad)
        assert caught.value.result["exit_code"] == 3

    async def test_other_exit_codes_can_be_fine(self, stage: Stage, bad: Settings) -> None:
        result = await stage.carry_out("command", {**bad, "exit_codes": [0, 3]})
        assert result["exit_code"] == 3

    async def test_arguments_are_filled_and_no_shell_reads_them(self, stage: Stage) -> None:
        values = {"name": "a b; rm *", "steps": {}}
        said = {"argv": ["printf", "<%s>", "{{ name }}"]}
        result = await stage.carry_out("command", said, values=values)
        assert result["output"] == "<a b; rm *>"

    async def test_it_runs_in_the_directory_of_the_book_or_below(self, stage: Stage) -> None:
        (stage.home / "below").mkdir()
        found = await stage.carry_out("command", {"argv": ["pwd"], "directory": "below"})
        assert found["output"].strip() == str(stage.home / "below")

    async def test_secrets_reach_it_and_are_shown_nowhere(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STEP_TEST_TOKEN", "t0ken-of-the-step")
        settings = {
            "argv": shell('echo "$TOKEN $OTHER $(printf %s "$TOKEN" | wc -c)"'),
            "environment": {"TOKEN": "env:STEP_TEST_TOKEN", "OTHER": "{{ token }}"},
        }
        values = {"token": Secret("env:STEP_TEST_TOKEN").reveal(), "steps": {}}
        result = await stage.carry_out("command", settings, values=values)
        assert result["output"] == "*** *** 17\n"
        assert "t0ken" not in step("command", settings).action.subject

    async def test_a_secret_at_the_edge_of_what_is_kept_is_masked_whole(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STEP_TEST_EDGE", "EDGE-SECRET-" * 5)
        script = 'printf %s "$TOKEN"; head -c 15970 /dev/zero | tr "\\0" x'
        settings = {"argv": shell(script), "environment": {"TOKEN": "env:STEP_TEST_EDGE"}}
        result = await stage.carry_out("command", settings)
        assert "SECRET" not in result["output"]
        assert "***" in result["output"]

    async def test_a_document_can_be_read_from_its_output(self, stage: Stage) -> None:
        said = {"argv": ["echo", '{"queues": [{"name": "a", "depth": 3}]}'], "output": "json"}
        result = await stage.carry_out("command", said)
        assert result["json"]["queues"][0]["depth"] == 3
        assert "output" not in result

    @pytest.mark.parametrize("words", ["no document", '{"a": NaN}', '{"a": ', "[" * 100_000])
    async def test_what_is_no_document_is_a_failure(self, stage: Stage, words: str) -> None:
        (stage.home / "words").write_text(words)
        with pytest.raises(ActionFailedError, match="not JSON"):
            await stage.carry_out("command", {"argv": ["cat", "words"], "output": "json"})

    async def test_a_document_that_is_too_large_is_a_failure(self, stage: Stage) -> None:
        (stage.home / "words").write_text(json.dumps(["x" * 1000] * 100))
        with pytest.raises(ActionFailedError, match="more than"):
            await stage.carry_out("command", {"argv": ["cat", "words"], "output": "json"})

    async def test_values_can_be_taken_out_of_its_output(self, stage: Stage) -> None:
        settings = {"argv": ["echo", "depth=42"], "extract": {"find": {"depth": r"depth=(\d+)"}}}
        assert (await stage.carry_out("command", settings))["values"] == {"depth": 42.0}

    async def test_bytes_that_are_no_text_do_no_harm(self, stage: Stage) -> None:
        result = await stage.carry_out("command", {"argv": shell("head -c 50000 /dev/urandom")})
        assert len(json.dumps(result, ensure_ascii=False).encode()) <= 65_536
        assert "\0" not in result["output"]

    async def test_what_cannot_be_executed_says_why(self, stage: Stage) -> None:
        with pytest.raises(ActionFailedError, match="/no/such/program: No such file"):
            await stage.carry_out("command", {"argv": ["/no/such/program"]})

    async def test_one_that_asks_on_a_terminal_gets_no_answer(self, stage: Stage) -> None:
        """It has no terminal, and its input has ended: it cannot wait for anybody."""
        script = "read answer && echo got it; read answer < /dev/tty || exit 9"
        with pytest.raises(ActionFailedError, match="ended with"):
            await stage.carry_out("command", {"argv": shell(script)})

    async def test_one_that_prints_without_end_fills_neither_disk_nor_memory(
        self, stage: Stage
    ) -> None:
        endless = {"argv": ["cat", "/dev/zero"], "keep": "256 KiB"}
        with pytest.raises(ActionFailedError, match="took too long") as caught:
            await stage.carry_out("command", endless, within=1.0)
        assert len(str(caught.value)) < 10_000
        kept = sum(file.stat().st_size for file in (stage.home / "jobs").rglob("output.*"))
        assert kept <= 256 * 1024

    async def test_one_that_forks_and_detaches_is_stopped_with_all_it_started(
        self, stage: Stage
    ) -> None:
        mark = f"opsbook-detached-{time.monotonic_ns()}"
        child = f"exec sleep 600.{mark[-6:]}"
        script = f"setsid sh -c '{child}' & sleep 600.{mark[-6:]}"
        context = stage.context()
        action = step("command", {"argv": shell(script)}).action
        task = asyncio.ensure_future(action.carry_out(context))
        await eventually(lambda: len(living(f"600.{mark[-6:]}")) >= 2)
        context.stopping.set()
        with pytest.raises(ActionFailedError, match="stopped"):
            await task
        assert living(f"600.{mark[-6:]}") == []

    async def test_one_that_ignores_sigterm_is_killed_after_its_time(self, stage: Stage) -> None:
        script = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
        settings = {"argv": [sys.executable, "-c", script], "grace": "300ms"}
        started = time.monotonic()
        with pytest.raises(ActionFailedError, match="took too long"):
            await stage.carry_out("command", settings, within=0.5)
        assert time.monotonic() - started < 5

    async def test_after_a_crash_the_running_command_is_found_again(
        self, stage: Stage, tmp_path: Path
    ) -> None:
        settings = {"argv": shell("echo begun >> effects; sleep 0.7; echo ended; exit 5")}
        action = step("command", {**settings, "exit_codes": [5]}).action
        first = asyncio.ensure_future(action.carry_out(stage.context()))
        await eventually((tmp_path / "effects").exists)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        result = await action.carry_out(stage.context())
        assert (result["exit_code"], result["output"]) == (5, "ended\n")
        assert self.effects(stage) == 1

    async def test_one_whose_end_nobody_saw_is_unknown(self, stage: Stage) -> None:
        gone = {"pid": 2**22 - 1, "start_ticks": 1, "boot_id": "an earlier one"}
        place = stage.home / "jobs" / stage.context().job_id
        place.mkdir(parents=True)
        (place / "go").write_text(json.dumps(gone))
        (place / "started").write_text(json.dumps({**gone, "wrapper": gone}))
        with pytest.raises(ActionUnknownError, match="nobody saw how it ended"):
            await stage.carry_out("command", {"argv": ["true"]})

    def test_only_the_book_knows_its_class(self) -> None:
        assert step("command", {"argv": ["true"]}).action.least_class is None


class TestStoppingCommand(StoppingContract):
    kind: ClassVar[str] = "command"

    @pytest.fixture
    async def endless(self, stage: Stage) -> Settings:
        return {"argv": ["sleep", "3"]}
