"""What a phone asks for: how it stands, and to mend what is down and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from opsbook.services.life import Phase
from opsbook.services.orders import Order
from opsbook.state.people import Role
from tests.servers.loopback import free_port
from tests.services.platform import Platform, small_book, small_service, watched
from tests.web.test_alerts import headers

NEVER = {"restart": {"at_most": 0, "verify_within": "2s"}}
"""Whatever ends stays so until a person does something."""


class Phone:
    """A person with a phone before a platform of `a`, and of `b` which depends on it."""

    def __init__(self, platform: Platform, client: httpx2.AsyncClient) -> None:
        self.platform, self.client = platform, client

    async def services(self) -> dict[str, Any]:
        answer = (await self.client.get("/api/mobile/status")).json()
        return {each["name"]: each for each in answer["services"]}

    async def restart(self, **asked: Any) -> dict[str, Any]:
        answer = await self.client.post("/api/mobile/restart", json=asked)
        assert answer.status_code == 200, answer.text
        return {each["service"]: each for each in answer.json()["services"]}

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not true():
                await asyncio.sleep(0.01)

    async def lose(self, name: str) -> None:
        """Kill it, and wait until only a person can bring it back."""
        self.platform.kill(name)
        await self.until(lambda: self.platform.keeper(name).phase is Phase.NEEDS_PERSON)

    def starts(self, directory: Path, name: str) -> int:
        return len((directory / name / "starts").read_text())


@asynccontextmanager
async def phone(
    directory: Path, role: Role = Role.OPERATOR, **settings: Any
) -> AsyncIterator[Phone]:
    settings = {**NEVER, **settings}
    book = small_book(
        directory,
        b=small_service(directory, "b", free_port(), depends_on=["a"], **settings),
        a=small_service(directory, "a", free_port(), **settings),
    )
    data = directory / "data"
    async with (
        watched(book, data) as platform,
        httpx2.AsyncClient(
            base_url=platform.app.web.address,
            headers=headers(data, role=role),
            trust_env=False,
            timeout=30,
        ) as client,
    ):
        await platform.well()
        yield Phone(platform, client)


async def test_it_says_in_a_line_what_is_wrong_with_a_service(tmp_path: Path) -> None:
    async with phone(tmp_path) as person:
        well = await person.services()
        assert [(each["state"], each["reason"]) for each in well.values()] == [("up", "")] * 2
        await person.lose("a")
        lost = (await person.services())["a"]
        assert (lost["state"], lost["restart"]) == ("down", True)
        assert lost["reason"] == "killed by SIGKILL; 0 restarts per 1 h are used up"


async def test_what_is_well_is_not_restarted(tmp_path: Path) -> None:
    async with phone(tmp_path) as person:
        done = await person.restart()
        assert {name: each["result"] for name, each in done.items()} == {
            "a": "not needed",
            "b": "not needed",
        }
        assert [person.starts(tmp_path, name) for name in "ab"] == [1, 1]


async def test_what_is_down_is_restarted_and_the_rest_is_left_alone(tmp_path: Path) -> None:
    async with phone(tmp_path) as person:
        await person.lose("a")
        done = await person.restart(why="the phone rang")
        assert (done["a"]["result"], done["b"]["result"]) == ("restarted", "not needed")
        assert [person.starts(tmp_path, name) for name in "ab"] == [2, 1]
        assert person.platform.keeper("a").phase is Phase.RUNNING
        ordered = person.platform.ledger("service.ordered")
        assert next(each["seq"] for each in ordered) in done["a"]["evidence"]
        assert [(each["subject"], each["actor"], each["body"]["why"]) for each in ordered] == [
            ("a", "ada", "the phone rang")
        ]


async def test_what_others_depend_on_comes_first_and_one_at_a_time(tmp_path: Path) -> None:
    async with phone(tmp_path) as person:
        await person.lose("b")
        await person.lose("a")
        done = await person.restart()
        assert [(name, each["result"]) for name, each in done.items()] == [
            ("a", "restarted"),
            ("b", "restarted"),
        ]
        told = person.platform.ledger("service.ordered", "service.verified")[2:]
        assert [(each["kind"], each["subject"]) for each in told] == [
            ("service.ordered", "a"),
            ("service.verified", "a"),
            ("service.ordered", "b"),
            ("service.verified", "b"),
        ]
        whys = {each["body"]["why"] for each in told if each["kind"] == "service.ordered"}
        assert whys == {"restart from the mobile page by ada"}


async def test_what_depends_on_one_that_did_not_come_back_is_not_tried(tmp_path: Path) -> None:
    async with phone(tmp_path) as person:
        await person.lose("b")
        await person.lose("a")
        (tmp_path / "a/die").touch()
        done = await person.restart()
        assert (done["a"]["result"], done["b"]["result"]) == ("failed", "refused")
        assert done["a"]["message"].startswith("died while being verified: exited with 7")
        assert done["b"]["message"] == "it depends on a, which did not come back"
        assert person.starts(tmp_path, "b") == 1


async def test_what_was_stopped_on_purpose_stays_so(tmp_path: Path) -> None:
    async with phone(tmp_path) as person:
        await person.platform.app.services.order("b", Order("stop", "grace", "new rack"))
        done = await person.restart()
        assert (done["b"]["result"], done["a"]["result"]) == ("not needed", "not needed")
        assert "grace: new rack" in done["b"]["message"]
        assert person.starts(tmp_path, "b") == 1


async def test_what_lives_and_does_not_serve_is_replaced(tmp_path: Path) -> None:
    async with phone(tmp_path) as person:
        before = person.platform.pid("b")
        (tmp_path / "b/mute").touch()
        await person.until(lambda: person.platform.keeper("b").phase is Phase.NEEDS_PERSON)
        asked = asyncio.create_task(person.restart(service="b"))
        await person.until(lambda: person.platform.keeper("b").phase is Phase.STARTING)
        (tmp_path / "b/mute").unlink()
        assert (await asked)["b"]["result"] == "restarted"
        assert person.platform.pid("b") != before


async def test_what_came_back_by_itself_is_seen_and_left_alone(tmp_path: Path) -> None:
    async with phone(tmp_path) as person:
        (tmp_path / "b/mute").touch()
        await person.until(lambda: person.platform.keeper("b").phase is Phase.NEEDS_PERSON)
        (tmp_path / "b/mute").unlink()
        done = await person.restart()
        assert (done["b"]["result"], person.starts(tmp_path, "b")) == ("not needed", 1)


async def test_a_second_press_is_refused_while_the_first_is_carried_out(tmp_path: Path) -> None:
    async with phone(tmp_path) as person:
        await person.lose("a")
        (tmp_path / "a/mute").touch()
        first = asyncio.create_task(person.restart())
        await person.until(lambda: person.platform.keeper("a").phase is Phase.STARTING)
        second = await person.client.post("/api/mobile/restart")
        assert (second.status_code, "already" in second.text) == (409, True)
        (tmp_path / "a/mute").unlink()
        assert (await first)["a"]["result"] == "restarted"


async def test_one_can_be_named_and_must_be_there(tmp_path: Path) -> None:
    async with phone(tmp_path) as person:
        await person.lose("b")
        await person.lose("a")
        assert list(await person.restart(service="a")) == ["a"]
        answer = await person.client.post("/api/mobile/restart", json={"service": "c"})
        assert (answer.status_code, "no service 'c'" in answer.text) == (404, True)


@pytest.mark.parametrize("role", [None, Role.VIEWER])
async def test_who_may_only_look_restarts_nothing(tmp_path: Path, role: Role | None) -> None:
    async with phone(tmp_path, role or Role.OPERATOR) as person:
        await person.lose("a")
        if role is None:
            del person.client.headers["Authorization"]
        answer = await person.client.post("/api/mobile/restart")
        assert answer.status_code == (403 if role else 401)
        assert person.starts(tmp_path, "a") == 1
