"""What every controller must keep, against its real manager. A kind's test inherits this."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.services.controller import Controller, ControllerError, Home, controller_kinds
from opsbook.services.model import Instance
from tests.services.controllers.bound import bound, ignores, lives, make_home, runs_shell, until

Settings = Mapping[str, Any]

AT_ONCE = 1.0
"""Seconds: far above what an event takes, also on a busy machine, and below any polling."""


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class ControllerContract:
    """Give `kind`, and the fixtures `service`, `stubborn`, `missing` and `reloadable`.

    One that can scale also gives `scalable`. The instances of all of them must have a process
    that this machine sees.
    """

    kind: ClassVar[str]
    killed: ClassVar[str] = "killed by SIGKILL"
    """What `Death.how` says of a main process that was killed."""
    killed_later: ClassVar[str] = "killed by SIGKILL"
    """The same where a later life of Opsbook sees it."""

    @pytest.fixture
    def service(self, tmp_path: Path) -> Settings:
        """Settings of a service that is there, does not run, and ends when it is asked to."""
        raise NotImplementedError

    @pytest.fixture
    def stubborn(self, tmp_path: Path) -> Settings:
        """Settings of one that ignores SIGTERM, with a grace of about a second at most."""
        raise NotImplementedError

    @pytest.fixture
    def missing(self, tmp_path: Path) -> Settings:
        """Settings of one of which its manager knows nothing."""
        raise NotImplementedError

    @pytest.fixture
    def reloadable(self, tmp_path: Path) -> Settings:
        """Settings of one that ends with 5 when it is reloaded, so that everybody sees it."""
        raise NotImplementedError

    @pytest.fixture
    def scalable(self, tmp_path: Path) -> Settings | None:
        """Settings of one that can have two replicas; None for kinds that never can."""
        return None

    @pytest.fixture
    def home(self, tmp_path: Path) -> Home:
        return make_home(tmp_path)

    @pytest.fixture
    async def controller(self, service: Settings, home: Home) -> AsyncIterator[Controller]:
        async with controlling(bound(self.kind, service, home)) as controller:
            yield controller

    async def test_what_was_not_started_does_not_run(self, controller: Controller) -> None:
        assert await controller.running() is None

    async def test_what_was_started_runs(self, controller: Controller) -> None:
        started = await controller.start()
        assert await controller.running() == started
        assert started.process is not None
        assert started.process.alive()

    async def test_starting_what_runs_returns_that(self, controller: Controller) -> None:
        first = await controller.start()
        assert await controller.start() == first

    async def test_two_starts_at_once_start_one(self, controller: Controller) -> None:
        first, second = await asyncio.gather(controller.start(), controller.start())
        assert first == second

    async def test_a_stopped_service_is_gone_when_stop_returns(
        self, controller: Controller
    ) -> None:
        started = await controller.start()
        await controller.stop()
        assert not lives(main_pid(started))
        assert await controller.running() is None

    async def test_stopping_what_does_not_run_does_nothing(self, controller: Controller) -> None:
        await controller.stop()
        assert await controller.running() is None

    async def test_a_stopped_service_can_be_started_again(self, controller: Controller) -> None:
        first = await controller.start()
        await controller.stop()
        assert await controller.start() != first

    async def test_a_killed_service_is_seen_dying_at_once(self, controller: Controller) -> None:
        started = await controller.start()
        took, how = await killed(controller, started)
        assert took < AT_ONCE
        assert self.killed in how

    async def test_a_killed_service_can_be_started_at_once(self, controller: Controller) -> None:
        first = await controller.start()
        await killed(controller, first)
        second = await controller.start()
        assert second.process != first.process
        assert second.process is not None
        assert second.process.alive()

    async def test_a_later_life_adopts_what_runs_and_sees_it_die(
        self, controller: Controller, service: Settings, home: Home
    ) -> None:
        started = await controller.start()
        await controller.close()
        async with controlling(bound(self.kind, service, home)) as later:
            assert await later.running() == started
            assert await later.start() == started
            took, how = await killed(later, started)
        assert took < AT_ONCE
        assert self.killed_later in how

    async def test_the_death_of_one_that_is_gone_is_told_at_once(
        self, controller: Controller
    ) -> None:
        started = await controller.start()
        await controller.stop()
        async with asyncio.timeout(2):
            assert (await controller.death(started)).how

    async def test_what_it_keeps_is_private(self, controller: Controller, home: Home) -> None:
        await controller.start()
        kept = [*home.records.iterdir(), *home.logs.iterdir()]
        assert [file.name for file in kept if file.stat().st_mode & 0o077] == []

    async def test_a_watch_that_is_cancelled_leaves_nothing_behind(
        self, controller: Controller
    ) -> None:
        started = await controller.start()
        await watched_shortly(controller, started)
        tasks, files = len(asyncio.all_tasks()), open_files()
        for _ in range(3):
            await watched_shortly(controller, started)
        assert len(asyncio.all_tasks()) <= tasks
        assert open_files() <= files

    async def test_closing_frees_everything_and_the_service_goes_on(
        self, service: Settings, home: Home
    ) -> None:
        async with controlling(bound(self.kind, service, home)) as controller:
            started = await controller.start()
            await controller.close()
            await asyncio.sleep(0.05)
            files = open_files()
            for _ in range(3):
                again = bound(self.kind, service, home)
                await again.running()
                await again.close()
            await asyncio.sleep(0.05)
            assert open_files() <= files
            assert await controller.running() == started

    async def test_what_does_not_exist_is_named(self, missing: Settings, home: Home) -> None:
        async with freeing(bound(self.kind, missing, home)) as controller:
            with pytest.raises(ControllerError) as caught:
                await controller.start()
        assert controller.subject in str(caught.value)

    async def test_what_ignores_the_stop_signal_is_ended_by_force(
        self, stubborn: Settings, home: Home
    ) -> None:
        async with controlling(bound(self.kind, stubborn, home)) as controller:
            pid = main_pid(await controller.start())
            await until(lambda: ignores(pid, signal.SIGTERM))
            await controller.stop()
            assert not lives(pid)
            assert await controller.running() is None

    async def test_a_reload_reaches_what_runs(self, reloadable: Settings, home: Home) -> None:
        async with controlling(bound(self.kind, reloadable, home)) as controller:
            started = await controller.start()
            pid = main_pid(started)
            # What forks may handle the signal itself, and its child does until it is the shell.
            await until(lambda: runs_shell(pid) and ignores(pid, signal.SIGHUP))
            await controller.reload()
            async with asyncio.timeout(5):
                assert "killed" not in (await controller.death(started)).how

    async def test_what_does_not_run_cannot_be_reloaded(
        self, reloadable: Settings, home: Home
    ) -> None:
        async with freeing(bound(self.kind, reloadable, home)) as controller:
            with pytest.raises(ControllerError):
                await controller.reload()

    async def test_it_has_as_many_replicas_as_were_asked_for(
        self, scalable: Settings | None, home: Home
    ) -> None:
        if scalable is None:
            assert controller_kinds.load(self.kind).scales_by == ""
            return
        async with controlling(bound(self.kind, scalable, home)) as controller:
            assert controller.can_scale
            await controller.start()
            assert await controller.replicas() == 1
            for wanted in (2, 1):
                await controller.scale(wanted)
                assert await controller.replicas() == wanted
                assert await controller.running() is not None

    async def test_what_is_not_declared_scalable_says_who_can_be(
        self, controller: Controller
    ) -> None:
        assert not controller.can_scale
        with pytest.raises(ControllerError, match=r"these can: `command` with .*`compose`") as it:
            await controller.scale(2)
        assert controller.subject in str(it.value)

    def test_an_unknown_key_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="extra_forbidden"):
            controller_kinds.load(self.kind).model_validate({"no-such-key": 1})

    def test_its_docstring_is_its_reference(self) -> None:
        assert controller_kinds.load(self.kind).__doc__


@contextlib.asynccontextmanager
async def freeing(controller: Controller) -> AsyncIterator[Controller]:
    """The controller for a block; what it controls goes on after it."""
    try:
        yield controller
    finally:
        await controller.close()


@contextlib.asynccontextmanager
async def controlling(controller: Controller) -> AsyncIterator[Controller]:
    """The controller for a block; what it started ends with the block."""
    async with freeing(controller):
        try:
            yield controller
        finally:
            await controller.stop()


def main_pid(instance: Instance) -> int:
    assert instance.process is not None
    return instance.process.pid


async def killed(controller: Controller, instance: Instance) -> tuple[float, str]:
    """Kill the main process; how long it took until that was told, in seconds, and how."""
    watch = asyncio.create_task(controller.death(instance))
    await asyncio.sleep(0.1)
    assert not watch.done()
    at = time.monotonic()
    os.kill(main_pid(instance), signal.SIGKILL)
    async with asyncio.timeout(5):
        death = await watch
    return time.monotonic() - at, death.how


async def watched_shortly(controller: Controller, instance: Instance) -> None:
    watch = asyncio.create_task(controller.death(instance))
    await asyncio.sleep(0.1)
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    assert watch.cancelled()
    await asyncio.sleep(0.05)
