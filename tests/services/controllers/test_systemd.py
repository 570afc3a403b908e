"""The `systemd` controller against a real `systemd --user` with a bus of its own."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.services.controller import Controller, ControllerError, Home
from opsbook.services.controllers.systemd import Systemd
from tests.servers.systemd import SystemdUser, systemd_user
from tests.services.controllers.bound import ENDS_WHEN_RELOADED, bound, lives, until
from tests.services.controllers.contract import (
    ControllerContract,
    Settings,
    controlling,
    freeing,
    killed,
    main_pid,
)

_HAND_OVER = """
sleep 1000 & echo $! > {directory}/successor
systemd-notify --ready
while [ ! -e {directory}/now ]; do sleep 0.02; done
systemd-notify MAINPID=$(cat {directory}/successor)
"""

SERVICES = {
    "sleeper": "ExecStart=sleep 1000",
    "reloadable": f'ExecStart=sh -c "{ENDS_WHEN_RELOADED}"\nExecReload=kill -HUP $MAINPID',
    "stubborn": "ExecStart=sh -c 'trap \"\" TERM; exec sleep 1000'\nTimeoutStopSec=500ms",
    "absent": "ExecStart=/no/such/program",
    "spoilt": "ExecStart=relative/program",
    "failing": "ExecStart=sh -c 'sleep 0.2; exit 3'",
    "hasty": "ExecStart=false",
    "refused": "ExecStartPre=false\nExecStart=sleep 1000",
    "lasting": "Type=oneshot\nRemainAfterExit=yes\nExecStart=true",
    "restarting": "ExecStart=sleep 1000\nRestart=always\nRestartSec=0",
    "resting": "ExecStart=sleep 1000\nRestart=always\nRestartSec=1000",
}


@pytest.fixture(scope="module")
def server() -> Iterator[SystemdUser]:
    with tempfile.TemporaryDirectory() as directory, systemd_user(Path(directory)) as it:
        for name, lines in SERVICES.items():
            text = f"[Unit]\nStartLimitIntervalSec=0\n[Service]\n{lines}\n"
            (it.units / f"{name}.service").write_text(text)
        yield it


class TestSystemd(ControllerContract):
    kind: ClassVar[str] = "systemd"

    @pytest.fixture
    def service(self, server: SystemdUser) -> Settings:
        return settings(server, "sleeper")

    @pytest.fixture
    def stubborn(self, server: SystemdUser) -> Settings:
        return settings(server, "stubborn")

    @pytest.fixture
    def missing(self, server: SystemdUser) -> Settings:
        return settings(server, "nothing")

    @pytest.fixture
    def reloadable(self, server: SystemdUser) -> Settings:
        return settings(server, "reloadable")

    async def test_a_unit_that_says_no_way_to_reload_is_told(self, controller: Controller) -> None:
        started = await controller.start()
        with pytest.raises(ControllerError, match=r"systemd says of ReloadUnit: .*not applicable"):
            await controller.reload()
        assert await controller.running() == started

    @pytest.fixture
    async def lasting(self, server: SystemdUser, home: Home) -> AsyncIterator[Controller]:
        """A unit that is active without a main process."""
        async with controlling(bound("systemd", settings(server, "lasting"), home)) as controller:
            yield controller

    async def test_an_exit_code_is_told(self, server: SystemdUser, home: Home) -> None:
        async with controlling(bound("systemd", settings(server, "failing"), home)) as controller:
            started = await controller.start()
            async with asyncio.timeout(3):
                assert (await controller.death(started)).how == "exited with 3"

    @pytest.mark.parametrize(
        ("unit", "words"),
        [
            ("nothing", "Unit nothing.service not found"),
            ("spoilt", "bad unit file setting"),
            ("refused", "StartUnit: failed"),
        ],
    )
    async def test_a_unit_that_cannot_be_started_is_told(
        self, server: SystemdUser, home: Home, unit: str, words: str
    ) -> None:
        async with freeing(bound("systemd", settings(server, unit), home)) as controller:
            with pytest.raises(ControllerError, match=words) as caught:
                await controller.start()
        assert str(caught.value).startswith(f"{unit}.service: ")

    async def test_a_program_that_is_not_there_is_told(
        self, server: SystemdUser, home: Home
    ) -> None:
        async with freeing(bound("systemd", settings(server, "absent"), home)) as controller:
            try:
                how = (await controller.death(await controller.start())).how
            except ControllerError as error:
                how = str(error)
        assert "exited with 203" in how

    async def test_a_unit_without_a_process_runs_while_it_is_active(
        self, lasting: Controller
    ) -> None:
        assert await lasting.running() is None
        started = await lasting.start()
        assert started.process is None
        assert await lasting.running() == started
        await lasting.stop()
        assert await lasting.running() is None

    async def test_the_end_of_a_unit_without_a_process_is_seen_at_once(
        self, lasting: Controller, server: SystemdUser
    ) -> None:
        watch = asyncio.create_task(lasting.death(await lasting.start()))
        await asyncio.sleep(0.1)
        assert not watch.done()
        await asyncio.to_thread(server.systemctl, "stop", "lasting.service")
        async with asyncio.timeout(1):
            assert (await watch).how == "became inactive (dead)"

    async def test_what_systemd_restarted_by_itself_is_taken_over(
        self, server: SystemdUser, home: Home
    ) -> None:
        restarting = settings(server, "restarting")
        async with controlling(bound("systemd", restarting, home)) as controller:
            first = await controller.start()
            await killed(controller, first)
            second = await controller.start()
            assert main_pid(second) != main_pid(first)

    async def test_what_systemd_means_to_restart_later_is_started_now(
        self, server: SystemdUser, home: Home
    ) -> None:
        async with controlling(bound("systemd", settings(server, "resting"), home)) as controller:
            first = await controller.start()
            await killed(controller, first)
            assert await controller.running() is None
            async with asyncio.timeout(3):
                assert lives(main_pid(await controller.start()))

    async def test_what_systemd_means_to_restart_later_can_be_stopped(
        self, server: SystemdUser, home: Home
    ) -> None:
        async with controlling(bound("systemd", settings(server, "resting"), home)) as controller:
            await killed(controller, await controller.start())
            await controller.stop()
            assert "ActiveState=inactive" in await asyncio.to_thread(
                server.systemctl, "show", "resting.service", "-p", "ActiveState"
            )

    async def test_a_unit_that_goes_on_with_another_main_process_has_not_died(
        self, server: SystemdUser, home: Home, tmp_path: Path
    ) -> None:
        script = tmp_path / "script"
        script.write_text(_HAND_OVER.format(directory=tmp_path))
        unit = f"[Service]\nType=notify\nNotifyAccess=all\nExecStart=sh {script}\n"
        (server.units / "handing.service").write_text(unit)
        async with controlling(bound("systemd", settings(server, "handing"), home)) as controller:
            started = await controller.start()
            watch = asyncio.create_task(controller.death(started))
            await asyncio.sleep(0.1)
            (tmp_path / "now").touch()
            await until(lambda: not lives(main_pid(started)))
            await asyncio.sleep(0.2)
            assert not watch.done()
            os.kill(int((tmp_path / "successor").read_text()), signal.SIGKILL)
            async with asyncio.timeout(2):
                assert (await watch).how == "killed by SIGKILL"

    async def test_a_lost_bus_is_found_again(self, server: SystemdUser, home: Home) -> None:
        async with controlling(bound("systemd", settings(server, "sleeper"), home)) as controller:
            started = await controller.start()
            await asyncio.to_thread(restart_bus, server)
            async with asyncio.timeout(10):
                while True:
                    try:
                        assert await controller.running() == started
                        break
                    except ControllerError:
                        await asyncio.sleep(0.05)

    async def test_a_death_is_seen_while_the_bus_is_lost(
        self, server: SystemdUser, home: Home
    ) -> None:
        async with controlling(bound("systemd", settings(server, "sleeper"), home)) as controller:
            started = await controller.start()
            watch = asyncio.create_task(controller.death(started))
            await asyncio.sleep(0.1)
            await asyncio.to_thread(restart_bus, server)
            os.kill(main_pid(started), signal.SIGKILL)
            async with asyncio.timeout(2):
                assert (await watch).how

    @pytest.mark.parametrize("scope", ["system", "user"])
    async def test_a_bus_that_is_not_there_is_told(
        self, home: Home, tmp_path: Path, scope: str
    ) -> None:
        address = f"unix:path={tmp_path}/no-bus"
        wrong = {"unit": "x.service", "scope": scope, "bus": address}
        async with freeing(bound("systemd", wrong, home)) as controller:
            with pytest.raises(ControllerError, match=f"x.service: cannot reach .* {scope} bus"):
                await controller.running()

    async def test_the_bus_of_the_user_is_found(
        self, server: SystemdUser, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(server.directory))
        sleeper = {"unit": "sleeper.service", "scope": "user"}
        async with freeing(bound("systemd", sleeper, home)) as controller:
            assert await controller.running() is None

    @pytest.mark.parametrize("unit", ["api", "api.service;x", "../api.service", "", "a b.service"])
    def test_what_is_no_unit_name_is_refused(self, unit: str) -> None:
        with pytest.raises(ValidationError):
            Systemd.model_validate({"unit": unit})


def settings(server: SystemdUser, unit: str) -> dict[str, Any]:
    return {"unit": f"{unit}.service", "scope": "user", "bus": server.address, "within": "10s"}


def restart_bus(server: SystemdUser) -> None:
    """Every connection to the bus is lost; systemd starts the bus anew and connects again."""
    server.systemctl("restart", "dbus.service")
