"""The `process` controller against real programs."""

import asyncio
import dataclasses
import os
import resource
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.procfs import all_pids, arguments, environment
from opsbook.services.controller import Controller, ControllerError, Home
from opsbook.services.controllers.process import Process
from opsbook.services.pidfd import send_signal
from tests.servers.loopback import free_port
from tests.services.controllers.bound import (
    ENDS_WHEN_RELOADED,
    bound,
    ignores,
    lives,
    make_home,
    until,
)
from tests.services.controllers.contract import (
    AT_ONCE,
    ControllerContract,
    Settings,
    controlling,
    killed,
    main_pid,
)

SLEEPER = ["sleep", "1000"]


def shell(script: str) -> list[str]:
    return ["sh", "-c", script]


def marked(home: Home) -> list[int]:
    """Every process that carries the mark of a home's service, once its program is loaded."""
    mark = f"{home.platform}/{home.service}@{home.records}"
    return [pid for pid in all_pids() if environment(pid).get("OPSBOOK_SERVICE") == mark]


def loaded(home: Home) -> list[int]:
    """Those of them that have become the program that they are to be."""
    return [pid for pid in marked(home) if arguments(pid)[:1] == ["sleep"]]


def leads(pid: int) -> bool:
    """Whether it lives, and leads its session."""
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


class TestProcess(ControllerContract):
    kind: ClassVar[str] = "process"

    @pytest.fixture
    def service(self, tmp_path: Path) -> Settings:
        return {"command": SLEEPER}

    @pytest.fixture
    def stubborn(self, tmp_path: Path) -> Settings:
        return {"command": shell("trap '' TERM; exec sleep 1000"), "stop_grace": "300ms"}

    @pytest.fixture
    def missing(self, tmp_path: Path) -> Settings:
        return {"command": [str(tmp_path / "no-such-program")]}

    @pytest.fixture
    def reloadable(self, tmp_path: Path) -> Settings:
        return {"command": shell(ENDS_WHEN_RELOADED), "reload_signal": "HUP"}

    @pytest.fixture
    def scalable(self, tmp_path: Path) -> Settings:
        count = tmp_path / "workers"
        count.write_text("1\n")
        scale = shell(f"echo $1 > {count}")
        return {
            "command": SLEEPER,
            "scale": [*scale, "sh", "{replicas}"],
            "replicas": ["cat", str(count)],
        }

    async def test_a_program_of_its_own_reloads_it(self, home: Home, tmp_path: Path) -> None:
        settings = {"command": SLEEPER, "reload": ["touch", str(tmp_path / "reloaded")]}
        async with controlling(bound("process", settings, home)) as controller:
            started = await controller.start()
            await controller.reload()
            assert await controller.running() == started
        assert (tmp_path / "reloaded").exists()

    async def test_what_nobody_said_how_to_reload_is_left_alone(
        self, controller: Controller
    ) -> None:
        started = await controller.start()
        with pytest.raises(ControllerError, match="say with `reload_signal` or `reload`"):
            await controller.reload()
        assert await controller.running() == started

    @pytest.mark.parametrize("printed", ["", "two", "-1", "1 2", "1.0", "9" * 1000, "²"])
    async def test_what_prints_no_number_counts_nothing(
        self, home: Home, tmp_path: Path, printed: str
    ) -> None:
        settings = {
            "command": SLEEPER,
            "scale": ["true", "{replicas}"],
            "replicas": ["printf", "%s", printed],
        }
        with pytest.raises(ControllerError, match="printf prints no number of replicas"):
            await bound("process", settings, home).replicas()
        assert list(home.logs.iterdir()) == []

    @pytest.mark.parametrize(
        ("settings", "words"),
        [
            ({"reload": ["true"], "reload_signal": "HUP"}, "two ways"),
            ({"scale": ["true", "{replicas}"]}, "go together"),
            ({"scale": ["true"], "replicas": ["true"]}, "no argument holds"),
        ],
    )
    def test_programs_that_do_not_fit_are_refused(self, settings: Settings, words: str) -> None:
        with pytest.raises(ValidationError, match=words):
            Process.model_validate({"command": SLEEPER, **settings})

    @pytest.fixture
    async def pair(self, home: Home) -> AsyncIterator[Controller]:
        """A leader and a child in its group, both asleep."""
        settings = {"command": shell("sleep 1000 & sleep 1001; true"), "stop_grace": "2s"}
        async with controlling(bound("process", settings, home)) as controller:
            yield controller

    async def test_two_starts_at_once_leave_one_process(
        self, controller: Controller, home: Home
    ) -> None:
        started = await asyncio.gather(*(controller.start() for _ in range(5)))
        await asyncio.sleep(0.1)
        assert marked(home) == [main_pid(started[0])]

    async def test_a_cancelled_start_and_the_next_one_leave_one_process(
        self, controller: Controller, home: Home
    ) -> None:
        for delay in (0, 0.001, 0.002):
            starting = asyncio.create_task(controller.start())
            await asyncio.sleep(delay)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        started = await controller.start()
        await until(lambda: marked(home) == [main_pid(started)])

    async def test_stop_ends_the_whole_group(self, pair: Controller, home: Home) -> None:
        await pair.start()
        await until(lambda: len(marked(home)) == 3)
        await pair.stop()
        assert marked(home) == []

    async def test_stop_ends_by_force_a_child_that_ignores_it(
        self, home: Home, tmp_path: Path
    ) -> None:
        script = "(trap '' TERM; exec sleep 1000) & echo $! > child; exec sleep 1001"
        settings = {"command": shell(script), "directory": str(tmp_path), "stop_grace": "300ms"}
        async with controlling(bound("process", settings, home)) as controller:
            await controller.start()
            child = tmp_path / "child"
            await until(lambda: child.exists() and bool(child.read_text().strip()))
            pid = int(child.read_text())
            await until(lambda: ignores(pid, signal.SIGTERM))
            await controller.stop()
        assert not lives(pid)

    async def test_a_child_is_asked_before_it_is_killed(self, home: Home, tmp_path: Path) -> None:
        inner = "trap 'echo farewell; exit' TERM; echo ready; while :; do sleep 0.02; done"
        settings = {"command": shell(f'sh -c "{inner}" & wait'), "stop_grace": "5s"}
        controller = bound("process", settings, home)
        await controller.start()
        log = home.logs / "api.log"
        await until(lambda: "ready" in log.read_text())
        await controller.stop()
        assert "farewell" in log.read_text()

    async def test_a_process_that_somebody_halted_can_be_stopped(
        self, controller: Controller
    ) -> None:
        pid = main_pid(await controller.start())
        os.kill(pid, signal.SIGSTOP)
        async with asyncio.timeout(3):
            await controller.stop()
        assert not lives(pid)

    async def test_what_a_dead_leader_left_holding_its_port_is_ended_by_the_next_start(
        self, home: Home
    ) -> None:
        port = free_port()
        program = f"""
            import os, socket, time
            server = socket.create_server(("127.0.0.1", {port}))
            os.fork()
            time.sleep(1000)
        """
        settings = {"command": [sys.executable, "-c", textwrap.dedent(program)]}
        async with controlling(bound("process", settings, home)) as controller:
            first = await controller.start()
            await until(lambda: len(marked(home)) == 2)
            await killed(controller, first)
            (left,) = marked(home)
            second = await controller.start()
            assert not lives(left)
            await until(lambda: len(marked(home)) == 2)
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                assert main_pid(second) in marked(home)

    async def test_what_is_left_without_a_record_is_ended_too(
        self, pair: Controller, home: Home
    ) -> None:
        started = await pair.start()
        await until(lambda: len(marked(home)) == 3)
        await killed(pair, started)
        left = marked(home)
        (home.records / "api.json").unlink()
        await pair.start()
        assert left
        assert not any(lives(pid) for pid in left)

    async def test_what_left_the_group_of_a_dead_leader_is_left_alone(self, home: Home) -> None:
        script = "setsid sleep 1000 & sleep 1001 & exec sleep 1002"
        async with controlling(bound("process", {"command": shell(script)}, home)) as controller:
            first = await controller.start()
            await until(lambda: len(loaded(home)) == 3)
            (gone,) = [pid for pid in marked(home) if os.getsid(pid) == pid != main_pid(first)]
            await killed(controller, first)
            await controller.start()
            try:
                assert lives(gone)
            finally:
                for pid in marked(home):
                    os.kill(pid, signal.SIGKILL)

    async def test_a_stranger_in_the_group_of_a_dead_leader_is_left_alone(self, home: Home) -> None:
        # `env -i` takes the mark away: it may be anybody whose group has this number now.
        script = "env -i sleep 1000 & echo $!; exec sleep 1001"
        async with controlling(bound("process", {"command": shell(script)}, home)) as controller:
            first = await controller.start()
            log = home.logs / "api.log"
            await until(lambda: bool(log.read_text().strip()))
            stranger = int(log.read_text())
            await until(lambda: environment(stranger) == {})
            await killed(controller, first)
            await controller.start()
            try:
                assert lives(stranger)
            finally:
                os.kill(stranger, signal.SIGKILL)

    async def test_a_service_without_its_record_is_found_by_its_mark(
        self, controller: Controller, service: Settings, home: Home
    ) -> None:
        started = await controller.start()
        await until(lambda: bool(marked(home)))
        (home.records / "api.json").unlink()
        later = bound("process", service, home)
        assert await later.running() == started
        assert (home.records / "api.json").exists()

    async def test_a_service_whose_start_was_never_recorded_is_found_by_its_mark(
        self,
        controller: Controller,
        service: Settings,
        home: Home,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await killed(controller, await controller.start())
        with monkeypatch.context() as crash:
            crash.setattr(Process, "_record", lambda *_: None)
            started = await controller.start()
        await until(lambda: bool(marked(home)))
        assert await bound("process", service, home).running() == started

    async def test_the_first_of_several_marked_leaders_is_the_service(self, home: Home) -> None:
        settings = {"command": shell("sleep 0.05; setsid sleep 1000 & exec sleep 1001")}
        controller = bound("process", settings, home)
        started = await controller.start()
        await until(lambda: len([pid for pid in marked(home) if leads(pid)]) == 2)
        (home.records / "api.json").unlink()
        try:
            assert await controller.running() == started
        finally:
            await controller.stop()
            for pid in marked(home):
                os.kill(pid, signal.SIGKILL)

    async def test_the_service_outlives_a_killed_opsbook(
        self, service: Settings, home: Home, tmp_path: Path
    ) -> None:
        program = f"""
            import asyncio, os, pathlib, signal
            from tests.services.controllers.bound import bound, make_home
            home = make_home(pathlib.Path({str(tmp_path)!r}))
            instance = asyncio.run(bound("process", {service!r}, home).start())
            print(instance.process.pid, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        """
        here = Path(__file__).parents[3]
        earlier = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)],
            cwd=here,
            env={**os.environ, "PYTHONPATH": f"{here}:{here / 'src'}"},
            stdout=subprocess.PIPE,
            check=False,
        )
        assert earlier.returncode == -signal.SIGKILL
        async with controlling(bound("process", service, home)) as controller:
            adopted = await controller.running()
            assert adopted is not None
            assert main_pid(adopted) == int(earlier.stdout)
            took, how = await killed(controller, adopted)
        assert took < AT_ONCE
        assert how == "ended; its exit status is not known"

    async def test_watching_and_stopping_at_once_both_learn_how_it_ended(
        self, controller: Controller
    ) -> None:
        watch = asyncio.create_task(controller.death(await controller.start()))
        await asyncio.sleep(0.05)
        await controller.stop()
        async with asyncio.timeout(2):
            assert (await watch).how == "killed by SIGTERM"

    async def test_what_cannot_be_watched_is_not_called_dead(self, controller: Controller) -> None:
        started = await controller.start()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        used = max(int(file.name) for file in Path("/proc/self/fd").iterdir())
        filling = [os.open(os.devnull, os.O_RDONLY) for _ in range(used + 1)]
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(filling) + 1, hard))
        try:
            with pytest.raises(ControllerError, match="Too many open files"):
                await controller.death(started)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for descriptor in filling:
                os.close(descriptor)

    async def test_a_later_process_with_the_number_is_not_hit(self, controller: Controller) -> None:
        process = (await controller.start()).process
        assert process is not None
        earlier = dataclasses.replace(process, start_ticks=process.start_ticks - 1)
        send_signal(earlier, signal.SIGKILL)
        await asyncio.sleep(0.05)
        assert process.alive()

    @pytest.mark.parametrize(
        ("script", "how"), [("exit 3", "exited with 3"), ("kill -6 $$", "killed by SIGABRT")]
    )
    async def test_a_program_that_dies_at_once_is_told_as_such(
        self, home: Home, script: str, how: str
    ) -> None:
        controller = bound("process", {"command": shell(script)}, home)
        instance = await controller.start()
        async with asyncio.timeout(2):
            assert (await controller.death(instance)).how == how
        assert await controller.running() is None

    async def test_no_zombie_is_left_of_it(self, controller: Controller) -> None:
        started = await controller.start()
        await killed(controller, started)
        assert not Path(f"/proc/{main_pid(started)}").exists()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"command": SLEEPER, "directory": "/no/such/directory"},
            {"command": ["/etc/passwd"]},
            {"command": ["sleep", "1\x00"]},
            {"command": SLEEPER, "environment": {"TOKEN": "env:NO_SUCH_SECRET"}},
        ],
    )
    async def test_what_cannot_be_started_is_told(self, home: Home, wrong: Settings) -> None:
        culprits = {"/no/such/directory", "/etc/passwd", "null byte", "NO_SUCH_SECRET"}
        with pytest.raises(ControllerError) as caught:
            await bound("process", wrong, home).start()
        assert any(culprit in str(caught.value) for culprit in culprits)

    async def test_it_runs_in_the_directory_of_the_book(self, home: Home) -> None:
        controller = bound("process", {"command": ["pwd"]}, home)
        await controller.death(await controller.start())
        assert (home.logs / "api.log").read_text().strip() == str(home.records.parent)

    async def test_a_secret_reaches_the_program_and_nothing_else(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SERVICE_TOKEN", "s3cret-t0ken")
        settings = {
            "command": SLEEPER,
            "environment": {"TOKEN": "env:SERVICE_TOKEN", "PLAIN": "text"},
            "inherit": False,
        }
        async with controlling(bound("process", settings, home)) as controller:
            pid = main_pid(await controller.start())
            await until(lambda: marked(home) == [pid])
            seen = environment(pid)
            assert seen.pop("OPSBOOK_SERVICE")
            assert seen == {"TOKEN": "s3cret-t0ken", "PLAIN": "text"}
            assert b"s3cret" not in Path(f"/proc/{pid}/cmdline").read_bytes()
            assert "s3cret" not in repr(controller) + controller.model_dump_json()
            assert not any("s3cret" in file.read_text() for file in home.records.iterdir())

    async def test_the_log_is_private_and_appended_to(self, home: Home) -> None:
        log = home.logs / "api.log"
        log.write_text("before\n")
        log.chmod(0o644)
        controller = bound("process", {"command": shell("echo out; echo err >&2")}, home)
        await controller.death(await controller.start())
        assert log.read_text() == "before\nout\nerr\n"
        assert log.stat().st_mode & 0o777 == 0o600

    async def test_a_log_that_cannot_be_written_is_told(self, home: Home) -> None:
        (home.logs / "api.log").mkdir()
        with pytest.raises(ControllerError, match=r"api\.log: Is a directory"):
            await bound("process", {"command": SLEEPER}, home).start()

    async def test_a_record_that_cannot_be_written_does_not_stop_a_start(self, home: Home) -> None:
        (home.records / "api.json").symlink_to("no-such-directory/file")
        async with controlling(bound("process", {"command": SLEEPER}, home)) as controller:
            started = await controller.start()
            assert await controller.running() == started

    @pytest.mark.parametrize("content", ["", "[1]", '["a", 2, 3]', "{}", "no json", "[1, 2, 3, 4]"])
    async def test_a_spoilt_record_is_no_service(self, home: Home, content: str) -> None:
        (home.records / "api.json").write_text(content)
        assert await bound("process", {"command": SLEEPER}, home).running() is None

    async def test_the_log_is_kept_small_while_the_program_keeps_writing(self, home: Home) -> None:
        settings: dict[str, Any] = {
            "command": shell("while :; do seq 1000; done"),
            "log_size": "64 KiB",
            "log_generations": 2,
        }
        async with controlling(bound("process", settings, home)) as controller:
            started = await controller.start()
            watch = asyncio.create_task(controller.death(started))
            aside = home.logs / "api.log.2"
            await until(aside.exists, within=8)
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        kept = sorted(file.name for file in home.logs.iterdir())
        assert kept == ["api.log", "api.log.1", "api.log.2"]
        assert aside.stat().st_mode & 0o777 == 0o600

    def test_it_is_bound_before_it_is_used(self) -> None:
        with pytest.raises(RuntimeError, match="not bound"):
            _ = Process(command=SLEEPER).output

    async def test_two_services_of_one_book_are_told_apart(self, tmp_path: Path) -> None:
        async with (
            controlling(bound("process", {"command": SLEEPER}, make_home(tmp_path))) as one,
            controlling(bound("process", {"command": SLEEPER}, make_home(tmp_path, "db"))) as two,
        ):
            started = await one.start()
            await until(lambda: bool(marked(one.home)))
            for file in (tmp_path / "records").iterdir():
                file.unlink()
            assert await two.running() is None
            assert await one.running() == started
