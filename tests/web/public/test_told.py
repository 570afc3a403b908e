"""Which words of which incidents the public reads."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from opsbook.state.database import connect, sqlite_url
from opsbook.web.public.model import PublicIncident
from opsbook.web.public.settings import StatusPageSettings
from opsbook.web.public.told import told
from tests.incidents.scene import Scene, scene

SETTINGS = StatusPageSettings.model_validate(
    {"title": "x", "services": {"Search": {"of": ["api", "web"]}, "Mail": {"of": ["mail"]}}}
)


class Public:
    """Whoever reads the page."""

    def __init__(self, life: Scene, engine: Engine) -> None:
        self._life, self._engine = life, engine

    async def reads(self, since: float = 0.0) -> list[PublicIncident]:
        await self._life.ledger.flush(within=5)
        return await asyncio.to_thread(told, self._engine, SETTINGS, since)


@pytest.fixture
async def life(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as life:
        yield life


@pytest.fixture
def public(life: Scene, tmp_path: Path) -> Iterator[Public]:
    with reader(life, tmp_path) as public:
        yield public


@contextmanager
def reader(life: Scene, directory: Path) -> Iterator[Public]:
    engine = connect(sqlite_url(directory / "state.db"))
    try:
        yield Public(life, engine)
    finally:
        engine.dispose()


async def opened(life: Scene, *services: str) -> str:
    return (await life.incidents.open("a private title", "low", "ada", services)).id


async def test_an_incident_of_which_nobody_told_is_not_shown(life: Scene, public: Public) -> None:
    number = await opened(life, "api")
    await life.incidents.note(number, "ada", "between us")
    assert await public.reads() == []


async def test_updates_are_shown_newest_first_under_public_names(
    life: Scene, public: Public
) -> None:
    number = await opened(life, "web", "mail", "db")
    await life.incidents.update(number, "ada", "we are at it", public=True)
    await life.after(60)
    await life.incidents.update(number, "ada", "half is back", public=True)
    (found,) = await public.reads()
    assert found.services == ["Search", "Mail"]
    assert [each.text for each in found.updates] == ["half is back", "we are at it"]
    assert (found.began_at, found.ended_at) == (found.updates[1].at, None)


async def test_an_incident_of_other_services_or_of_none_is_not_shown(
    life: Scene, public: Public
) -> None:
    for services in ((), ("db",)):
        await life.incidents.update(await opened(life, *services), "ada", "between us", public=True)
    assert await public.reads() == []


async def test_an_incident_ends_when_it_has_recovered_or_was_closed(
    life: Scene, public: Public
) -> None:
    number = await opened(life, "api")
    await life.incidents.update(number, "ada", "we are at it", public=True)
    await life.after(60)
    await life.incidents.close(number, "ada", "a private resolution")
    (found,) = await public.reads()
    assert found.ended_at is not None
    assert found.ended_at > found.began_at
    assert "private" not in found.model_dump_json()


async def test_the_newest_incident_comes_first_and_old_words_are_left_out(
    life: Scene, public: Public
) -> None:
    for service in ("mail", "api"):
        await life.incidents.update(
            await opened(life, service), "ada", f"about {service}", public=True
        )
        await life.after(3600)
    assert [each.services for each in await public.reads()] == [["Search"], ["Mail"]]
    since = life.clock.now() - 3700
    assert [each.services for each in await public.reads(since)] == [["Search"]]


async def test_words_about_one_that_went_into_another_go_on_with_that(tmp_path: Path) -> None:
    siblings = {"api": ["db"], "web": ["db"], "db": []}
    async with scene(tmp_path, depends_on=siblings) as life:
        for service in ("api", "web"):
            await life.fire("Down", service=service)
            await life.after(1)
        for each in await life.all():
            await life.incidents.update(each.id, "ada", f"about {each.services[0]}", public=True)
        await life.fire("Down", service="db")
        assert len(await life.all()) == 1
        with reader(life, tmp_path) as public:
            (found,) = await public.reads()
    assert {each.text for each in found.updates} == {"about api", "about web"}
    assert found.ended_at is None


async def test_what_is_not_said_to_be_public_is_not_shown(life: Scene, public: Public) -> None:
    await life.incidents.update(await opened(life, "api"), "ada", "between us")
    assert await public.reads() == []
