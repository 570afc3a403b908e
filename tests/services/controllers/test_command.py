"""The `command` controller against real commands that start and stop a daemon."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.procfs import all_pids, arguments
from opsbook.services.controller import Controller, ControllerError, Home
from opsbook.services.controllers.command import Command
from tests.services.controllers.bound import ENDS_WHEN_RELOADED, bound, until
from tests.services.controllers.contract import (
    ControllerContract,
    Settings,
    controlling,
    killed,
    main_pid,
)


def daemon(directory: Path, program: str = "exec sleep 1000") -> dict[str, Any]:
    """Commands of a daemon that writes its number to a file, and nothing removes that."""
    pid_file = directory / "daemon.pid"
    script = f"setsid sh -c 'echo $$ > {pid_file}.new; mv {pid_file}.new {pid_file}; {program}' &"
    return {
        "start": ["sh", "-c", script],
        "stop": ["sh", "-c", f"kill $(cat {pid_file})"],
        "pid_file": str(pid_file),
        "within": "5s",
    }


class TestCommand(ControllerContract):
    kind: ClassVar[str] = "command"
    killed: ClassVar[str] = "its exit status is not known"
    killed_later: ClassVar[str] = "its exit status is not known"

    @pytest.fixture
    def service(self, tmp_path: Path) -> Settings:
        return daemon(tmp_path)

    @pytest.fixture
    def stubborn(self, tmp_path: Path) -> Settings:
        return {**daemon(tmp_path, 'trap "" TERM; exec sleep 1000'), "within": "500ms"}

    @pytest.fixture
    def missing(self, tmp_path: Path) -> Settings:
        program = str(tmp_path / "no-such-program")
        return {"start": [program], "stop": ["true"], "status": ["false"]}

    @pytest.fixture
    def reloadable(self, tmp_path: Path) -> Settings:
        settings = daemon(tmp_path, f'exec sh -c "{ENDS_WHEN_RELOADED}"'.replace("'", "'\\''"))
        return {**settings, "reload": ["sh", "-c", f"kill -HUP $(cat {settings['pid_file']})"]}

    @pytest.fixture
    def scalable(self, tmp_path: Path) -> Settings:
        count = tmp_path / "workers"
        count.write_text("1\n")
        return {
            **daemon(tmp_path),
            "scale": ["sh", "-c", f"echo $0 > {count}", "{replicas}"],
            "replicas": ["cat", str(count)],
        }

    async def test_what_a_failing_scale_said_is_told(self, home: Home, tmp_path: Path) -> None:
        failing = ["sh", "-c", "echo no room for $0; exit 4", "{replicas}"]
        settings = {**daemon(tmp_path), "scale": failing, "replicas": ["echo", "1"]}
        with pytest.raises(ControllerError, match="sh exited with 4: no room for 3"):
            await bound("command", settings, home).scale(3)

    @pytest.fixture
    async def polled(self, tmp_path: Path, home: Home) -> AsyncIterator[Controller]:
        """A daemon that only its status command shows."""
        settings = daemon(tmp_path)
        pid_file = settings.pop("pid_file")
        settings["status"] = ["sh", "-c", f"grep -q 'State:.[RSD]' /proc/$(cat {pid_file})/status"]
        settings["poll_every"] = "50ms"
        async with controlling(bound("command", settings, home)) as controller:
            yield controller

    async def test_two_starts_at_once_run_the_command_once(
        self, home: Home, tmp_path: Path
    ) -> None:
        settings = daemon(tmp_path)
        settings["start"][-1] += f" echo started >> {tmp_path}/starts"
        async with controlling(bound("command", settings, home)) as controller:
            await asyncio.gather(*(controller.start() for _ in range(3)))
        assert (tmp_path / "starts").read_text() == "started\n"

    async def test_its_status_shows_whether_it_runs(self, polled: Controller) -> None:
        assert await polled.running() is None
        started = await polled.start()
        assert started.name == "api"
        assert await polled.running() == started
        await polled.stop()
        assert await polled.running() is None

    async def test_its_status_shows_that_it_died(self, polled: Controller, tmp_path: Path) -> None:
        started = await polled.start()
        watch = asyncio.create_task(polled.death(started))
        await asyncio.sleep(0.2)
        assert not watch.done()
        os.kill(int((tmp_path / "daemon.pid").read_text()), signal.SIGKILL)
        async with asyncio.timeout(2):
            assert (await watch).how == "its status command says that it does not run"

    async def test_a_status_that_cannot_be_asked_is_no_death(
        self, home: Home, tmp_path: Path
    ) -> None:
        status = tmp_path / "status"
        status.write_text("#!/bin/sh\nexit 0\n")
        status.chmod(0o755)
        settings = {
            "start": ["true"],
            "stop": ["true"],
            "status": [str(status)],
            "poll_every": "20ms",
        }
        controller = bound("command", settings, home)
        watch = asyncio.create_task(controller.death(await controller.start()))
        status.chmod(0o644)
        await asyncio.sleep(0.2)
        assert not watch.done()
        status.chmod(0o755)
        status.write_text("#!/bin/sh\nexit 1\n")
        async with asyncio.timeout(2):
            await watch

    def test_one_of_pid_file_and_status_is_needed(self) -> None:
        with pytest.raises(ValidationError, match="pid_file"):
            Command.model_validate({"start": ["true"], "stop": ["true"]})

    @pytest.mark.parametrize("content", ["", "\n", "none", "-1", "0", "99999999", "9" * 5000])
    async def test_a_pid_file_that_names_no_process_means_that_it_does_not_run(
        self, controller: Controller, tmp_path: Path, content: str
    ) -> None:
        (tmp_path / "daemon.pid").write_text(content)
        assert await controller.running() is None

    async def test_a_number_that_has_gone_to_a_stranger_is_not_the_service(
        self, controller: Controller, home: Home, stranger: int, tmp_path: Path
    ) -> None:
        # What a reboot leaves: the file and the record as they were, and the number in use.
        (tmp_path / "daemon.pid").write_text(f"{stranger}\n")
        assert await controller.running() is not None
        (record,) = home.records.iterdir()
        seen = json.loads(record.read_text())
        record.write_text(json.dumps([*seen[:2], seen[2] - 1, seen[3]]))
        assert await controller.running() is None

    async def test_a_service_that_somebody_else_restarted_is_adopted(
        self, controller: Controller, stranger: int, tmp_path: Path
    ) -> None:
        await killed(controller, await controller.start())
        (tmp_path / "daemon.pid").write_text(f"{stranger}\n")
        adopted = await controller.running()
        assert adopted is not None
        assert main_pid(adopted) == stranger
        os.kill(stranger, signal.SIGKILL)

    async def test_what_a_failing_command_said_is_told_without_secrets(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SERVICE_TOKEN", "s3cret-t0ken")
        settings = {
            "start": ["sh", "-c", "echo refused by $TOKEN >&2; exit 7"],
            "stop": ["true"],
            "status": ["false"],
            "environment": {"TOKEN": "env:SERVICE_TOKEN"},
        }
        with pytest.raises(ControllerError) as caught:
            await bound("command", settings, home).start()
        assert str(caught.value) == "sh exited with 7: refused by ***"

    async def test_a_start_that_starts_nothing_is_told(self, home: Home) -> None:
        settings = {"start": ["true"], "stop": ["true"], "status": ["false"], "within": "300ms"}
        with pytest.raises(ControllerError, match=r"ended well, but after .* its status fails"):
            await bound("command", settings, home).start()

    async def test_a_stop_that_stops_nothing_is_told(self, home: Home) -> None:
        settings = {
            "start": ["true"],
            "stop": ["true"],
            "status": ["true"],
            "within": "300ms",
            "poll_every": "50ms",
        }
        with pytest.raises(ControllerError, match=r"still runs .* after its stop"):
            await bound("command", settings, home).stop()

    async def test_a_command_that_hangs_is_killed_with_its_children(
        self, home: Home, tmp_path: Path
    ) -> None:
        number = str(os.getpid() + 1_000_000)
        settings = {
            "start": ["sh", "-c", f"sleep {number} & sleep {number}"],
            "stop": ["true"],
            "status": ["false"],
            "within": "300ms",
        }
        with pytest.raises(ControllerError, match=r"took longer than 0\.3 s and was killed"):
            await bound("command", settings, home).start()
        await until(lambda: not sleeping(number))

    async def test_a_cancelled_start_leaves_no_command_behind(self, home: Home) -> None:
        number = str(os.getpid() + 2_000_000)
        settings = {"start": ["sleep", number], "stop": ["true"], "status": ["false"]}
        for delay in (0.0, 0.01, 0.1):
            starting = asyncio.create_task(bound("command", settings, home).start())
            await asyncio.sleep(delay)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            assert starting.cancelled()
        await until(lambda: not sleeping(number))

    async def test_what_a_command_leaves_running_may_go_on_writing(
        self, home: Home, tmp_path: Path
    ) -> None:
        settings = daemon(tmp_path, "while sleep 0.02; do echo tick; done")
        async with controlling(bound("command", settings, home)) as controller:
            await controller.start()
            log = home.logs / "api.log"
            await until(lambda: log.read_text().count("tick") > 3)
            assert await controller.running() is not None
            assert log.stat().st_mode & 0o777 == 0o600

    @pytest.fixture
    def stranger(self) -> Iterator[int]:
        with subprocess.Popen(["sleep", "1000"]) as process:
            yield process.pid
            process.kill()


def sleeping(number: str) -> list[int]:
    return [pid for pid in all_pids() if arguments(pid) == ["sleep", number]]
