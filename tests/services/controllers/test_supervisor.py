"""The `supervisor` controller against a real supervisord."""

import asyncio
import itertools
import os
import signal
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.services.controller import ControllerError, Home
from opsbook.services.controllers.supervisor import Supervisor
from tests.servers.loopback import (
    Handler,
    answering,
    closing,
    endless,
    free_port,
    garbage,
    serving,
    silent,
)
from tests.servers.supervisor import Supervisord, supervisord
from tests.services.controllers.bound import ENDS_WHEN_RELOADED, bound
from tests.services.controllers.contract import (
    ControllerContract,
    Settings,
    controlling,
    freeing,
    killed,
    main_pid,
)

PROGRAMS = {
    "sleeper": "command=sleep 1000",
    "reloadable": f'command=sh -c "{ENDS_WHEN_RELOADED}"',
    "stubborn": "command=sh -c 'trap \"\" TERM; exec sleep 1000'\nstopwaitsecs=1",
    "absent": "command=/no/such/program",
    "forbidden": "command=/etc/passwd",
    "failing": "command=sh -c 'sleep 0.2; exit 3'",
    "hasty": "command=sh -c 'sleep 0.2; exit 3'\nstartsecs=5\nstartretries=100",
    "stillborn": "command=false",
    "restarting": "command=sleep 1000\nautorestart=true",
}


def reply(body: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


def declared(head: str = "") -> str:
    """What supervisord says of a program that does not run, below a head."""
    info = {"statename": "STOPPED", "pid": 0, "exitstatus": 0}
    return head + xmlrpc.client.dumps((info,), methodresponse=True).partition("?>")[2]


def bomb() -> str:
    """Entities in entities: a thousand bytes that mean gigabytes."""
    names = [f"e{n}" for n in range(10)]
    lines = [f'<!ENTITY {names[0]} "{"x" * 100}">']
    lines += [
        f'<!ENTITY {name} "{f"&{inner};" * 10}">' for inner, name in itertools.pairwise(names)
    ]
    value = f"<params><param><value><string>&{names[-1]};</string></value></param></params>"
    head = f"<?xml version='1.0'?><!DOCTYPE x [{''.join(lines)}]>"
    return f"{head}<methodResponse>{value}</methodResponse>"


@pytest.fixture(scope="module")
def server() -> Iterator[Supervisord]:
    with tempfile.TemporaryDirectory() as directory, supervisord(Path(directory), PROGRAMS) as it:
        yield it


class TestSupervisor(ControllerContract):
    kind: ClassVar[str] = "supervisor"
    killed: ClassVar[str] = "killed by a signal"
    killed_later: ClassVar[str] = "killed by a signal"

    @pytest.fixture
    def service(self, server: Supervisord) -> Settings:
        return {"url": server.url, "program": "sleeper"}

    @pytest.fixture
    def stubborn(self, server: Supervisord) -> Settings:
        return {"url": server.url, "program": "stubborn"}

    @pytest.fixture
    def missing(self, server: Supervisord) -> Settings:
        return {"url": server.url, "program": "group:nothing"}

    @pytest.fixture
    def reloadable(self, server: Supervisord) -> Settings:
        return {"url": server.url, "program": "reloadable"}

    @pytest.fixture
    def inet(self, server: Supervisord, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        monkeypatch.setenv("SUPERVISOR_PASSWORD", server.password)
        return {
            "url": f"http://127.0.0.1:{server.port}",
            "program": "sleeper:sleeper",
            "username": server.user,
            "password": "env:SUPERVISOR_PASSWORD",
        }

    async def test_it_signs_in_over_http(self, inet: Settings, home: Home) -> None:
        async with controlling(bound("supervisor", inet, home)) as controller:
            started = await controller.start()
            assert started.process is not None

    async def test_a_wrong_password_is_told_and_not_shown(
        self, inet: Settings, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SUPERVISOR_PASSWORD", "wr0ng-pass")
        async with freeing(bound("supervisor", inet, home)) as controller:
            with pytest.raises(ControllerError, match="refuses the username or password") as caught:
                await controller.running()
        assert "wr0ng" not in str(caught.value) + repr(controller)

    async def test_a_missing_password_is_told(
        self, inet: Settings, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SUPERVISOR_PASSWORD")
        with pytest.raises(ControllerError, match="SUPERVISOR_PASSWORD"):
            await bound("supervisor", inet, home).running()

    @pytest.mark.parametrize(
        ("program", "words"),
        [("absent", "program file does not exist"), ("forbidden", "cannot be executed")],
    )
    async def test_what_supervisord_cannot_start_is_told(
        self, server: Supervisord, home: Home, program: str, words: str
    ) -> None:
        async with freeing(
            bound("supervisor", {"url": server.url, "program": program}, home)
        ) as controller:
            with pytest.raises(ControllerError, match=words):
                await controller.start()

    async def test_an_exit_code_is_told(self, server: Supervisord, home: Home) -> None:
        settings = {"url": server.url, "program": "failing"}
        async with controlling(bound("supervisor", settings, home)) as controller:
            started = await controller.start()
            async with asyncio.timeout(3):
                assert (await controller.death(started)).how == "exited with 3"

    async def test_an_exit_code_that_supervisord_does_not_know_is_not_made_up(
        self, server: Supervisord, home: Home
    ) -> None:
        settings = {"url": server.url, "program": "hasty"}
        async with controlling(bound("supervisor", settings, home)) as controller:
            started = await controller.start()
            async with asyncio.timeout(3):
                how = (await controller.death(started)).how
        assert how == "ended; its exit status is not known"

    async def test_what_ended_at_once_is_told(self, server: Supervisord, home: Home) -> None:
        settings = {"url": server.url, "program": "stillborn"}
        async with controlling(bound("supervisor", settings, home)) as controller:
            with pytest.raises(ControllerError, match="stillborn ended at once"):
                while True:
                    await controller.death(await controller.start())

    async def test_what_supervisord_will_try_again_can_be_stopped(
        self, server: Supervisord, home: Home
    ) -> None:
        settings = {"url": server.url, "program": "hasty"}
        async with controlling(bound("supervisor", settings, home)) as controller:
            await controller.death(await controller.start())
            await controller.stop()
            await asyncio.sleep(0.1)
            assert await controller.running() is None

    async def test_what_supervisord_restarted_by_itself_is_taken_over(
        self, server: Supervisord, home: Home
    ) -> None:
        settings = {"url": server.url, "program": "restarting"}
        async with controlling(bound("supervisor", settings, home)) as controller:
            first = await controller.start()
            await killed(controller, first)
            second = await controller.start()
            assert main_pid(second) != main_pid(first)

    async def test_starting_does_not_wait_for_startsecs(
        self, server: Supervisord, home: Home
    ) -> None:
        settings = {"url": server.url, "program": "hasty"}
        async with controlling(bound("supervisor", settings, home)) as controller:
            before = time.monotonic()
            await controller.start()
            assert time.monotonic() - before < 0.9

    async def test_a_program_of_another_machine_is_watched_by_asking(
        self, inet: Settings, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("opsbook.services.controllers.supervisor._is_local", lambda _: False)
        settings = {**inet, "poll_every": "50ms"}
        async with controlling(bound("supervisor", settings, home)) as controller:
            started = await controller.start()
            assert started.process is None
            watch = asyncio.create_task(controller.death(started))
            await asyncio.sleep(0.2)
            assert not watch.done()
            os.kill(int(started.name.rpartition(" ")[2]), signal.SIGKILL)
            async with asyncio.timeout(3):
                assert "killed by a signal" in (await watch).how

    async def test_a_supervisord_that_is_not_there_is_told(self, home: Home) -> None:
        for url in ("unix:///no/such/socket", f"http://127.0.0.1:{free_port()}"):
            async with freeing(bound("supervisor", {"url": url, "program": "x"}, home)) as it:
                with pytest.raises(ControllerError, match=f"cannot reach supervisord at {url}"):
                    await it.running()

    @pytest.mark.parametrize(
        "handler",
        [
            silent,
            closing,
            endless,
            garbage,
            answering(reply("<html>")),
            answering(reply("<?xml version='1.0'?><methodResponse></methodResponse>")),
            answering(reply(bomb())),
            answering(reply(declared("<!DOCTYPE x>"))),
            answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"<" * 4_000_000),
            answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"),
        ],
    )
    async def test_a_hostile_supervisord_is_told_in_time(
        self, home: Home, handler: Handler
    ) -> None:
        async with serving(handler) as port:
            settings = {
                "url": f"http://127.0.0.1:{port}",
                "program": "x",
                "answer_within": "300ms",
            }
            controller = bound("supervisor", settings, home)
            before = time.monotonic()
            with pytest.raises(ControllerError, match=str(port)):
                await controller.running()
            await controller.close()
        assert time.monotonic() - before < 2

    async def test_what_is_refused_of_a_hostile_one_is_read_of_another(self, home: Home) -> None:
        async with serving(answering(reply(declared()))) as port:
            url = f"http://127.0.0.1:{port}"
            async with freeing(bound("supervisor", {"url": url, "program": "x"}, home)) as it:
                assert await it.running() is None

    @pytest.mark.parametrize(
        "url", ["/var/run/supervisor.sock", "http://u:p@127.0.0.1:9001", "https://x", "unix://rel"]
    )
    def test_a_url_that_cannot_be_asked_is_refused(self, url: str) -> None:
        with pytest.raises(ValidationError):
            Supervisor.model_validate({"url": url, "program": "x"})

    def test_a_username_needs_a_password(self) -> None:
        with pytest.raises(ValidationError, match="go together"):
            Supervisor.model_validate({"program": "x", "username": "u"})
