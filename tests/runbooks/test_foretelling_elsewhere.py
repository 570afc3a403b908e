"""What would change on another host."""

from pathlib import Path

import pytest

from opsbook.durable.engines.memory import Memory
from opsbook.runbooks import foretelling_elsewhere
from tests.runbooks.scene import Scene, book, mark, scene
from tests.runbooks.test_elsewhere import agent


async def asked(there: Scene, **more: object) -> str:
    """What the approver reads."""
    waiting = (await there.waits(await there.run("far", **more), "approval")).waiting
    assert waiting is not None
    return waiting.what


async def test_the_approver_sees_what_the_agent_has_seen_there(tmp_path: Path) -> None:
    memory = Memory()
    books = book(tmp_path, far={"steps": [mark("one", host="edge", **{"class": 3})]})
    async with scene(tmp_path, books, memory) as there, agent(tmp_path / "edge", memory) as edge:
        edge.write("one")
        said = await asked(there)
        assert "It would change service one: ordered 1 times → a new instance runs." in said
        assert there.effects() == []
        assert edge.effects() == ["one"]


async def test_what_cannot_be_told_there_is_said_with_the_reason(tmp_path: Path) -> None:
    memory = Memory()
    far = mark("one", host="edge", **{"class": 3, "service": {"scale": "one", "to": "+1"}})
    books = book(tmp_path, far={"steps": [far]})
    async with scene(tmp_path, books, memory) as there, agent(tmp_path / "edge", memory):
        assert "cannot be told now: on host edge: scale one to +1: nobody" in await asked(there)


async def test_without_an_agent_nobody_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foretelling_elsewhere, "PATIENCE", 0.2)
    books = book(tmp_path, far={"steps": [mark("one", host="edge", **{"class": 3})]})
    async with scene(tmp_path, books) as there:
        assert (
            "what that changes cannot be told now: nobody on host edge took a look within 200 ms"
            in await asked(there)
        )


async def test_a_secret_of_that_host_is_not_shown_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_TOKEN", "quiet-edge-44")
    memory = Memory()
    step = mark("{{ token }}", name="one", host="edge", **{"class": 3})
    far = {"parameters": {"token": {"type": "secret"}}, "steps": [step]}
    async with (
        scene(tmp_path, book(tmp_path, far=far), memory) as there,
        agent(tmp_path / "edge", memory),
    ):
        await asked(there, parameters={"token": "env:EDGE_TOKEN"})
        recorded = str([(each.info, each.recorded) for each in memory.rows.values()])
        assert "quiet-edge" not in recorded
