"""Steps of another host: carried out by its agent, and by nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from opsbook.durable.engines.memory import Memory, MemoryEngine
from opsbook.durable.model import Queue, RunState
from opsbook.runbooks.interpreter import step_functions
from tests.runbooks.scene import Alone, book, mark, scene


@asynccontextmanager
async def agent(directory: Path, memory: Memory) -> AsyncIterator[Alone]:
    directory.mkdir()
    hands = Alone(directory)
    engine = MemoryEngine(memory, step_functions(hands), [Queue("host.edge")], "edge")
    await engine.open()
    yield hands
    await engine.close()
    hands.jobs.close()


async def test_a_step_is_checked_carried_out_and_proven_on_its_host(tmp_path: Path) -> None:
    memory = Memory()
    books = book(tmp_path, far={"steps": [mark("one"), mark("two", host="edge")]})
    async with scene(tmp_path, books, memory) as there, agent(tmp_path / "edge", memory) as edge:
        run = await there.carried("far")
        assert run.state is RunState.SUCCEEDED, run.error
        assert there.effects() == ["one"]
        assert edge.effects() == ["two"]
        assert run.steps[1].verified is not None


async def test_a_failure_there_is_a_failure_of_the_run(tmp_path: Path) -> None:
    memory = Memory()
    books = book(tmp_path, far={"steps": [mark("two", host="edge")]})
    async with scene(tmp_path, books, memory) as there, agent(tmp_path / "edge", memory) as edge:
        edge.failing["two"] = 1
        run = await there.carried("far")
        assert run.state is RunState.FAILED
        assert "two was told to fail" in str(run.error)


async def test_a_secret_is_revealed_on_the_host_and_does_not_travel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_TOKEN", "quiet-edge-42")
    memory = Memory()
    secret = {"parameters": {"token": {"type": "secret"}}}
    books = book(tmp_path, far={**secret, "steps": [_writes_down()]})
    async with scene(tmp_path, books, memory) as there, agent(tmp_path / "edge", memory):
        run = await there.carried("far", parameters={"token": "env:EDGE_TOKEN"})
        assert run.state is RunState.SUCCEEDED, run.error
        assert (tmp_path / "edge/got").read_text() == "quiet-edge-42\n"
        assert "quiet" not in str([each.info for each in memory.rows.values()])


async def test_nor_does_one_that_another_runbook_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGE_TOKEN", "quiet-edge-43")
    memory = Memory()
    secret = {"parameters": {"token": {"type": "secret"}}}
    outer = {
        "parameters": {"key": {"type": "secret"}},
        "steps": [{"run": {"runbook": "far", "with": {"token": "{{ key }}"}}}],
    }
    books = book(tmp_path, outer=outer, far={**secret, "steps": [_writes_down()]})
    async with scene(tmp_path, books, memory) as there, agent(tmp_path / "edge", memory):
        run = await there.carried("outer", parameters={"key": "env:EDGE_TOKEN"})
        assert run.state is RunState.SUCCEEDED, run.error
        assert (tmp_path / "edge/got").read_text() == "quiet-edge-43\n"
        recorded = str([(each.info, each.recorded) for each in memory.rows.values()])
        assert ("quiet" in recorded, "***" in recorded) == (False, False)


def _writes_down() -> dict[str, Any]:
    """A step that writes the secret `token` into a file, on the host `edge`."""
    argv = ["sh", "-c", 'echo "$WORD" > got']
    told = {"argv": argv, "environment": {"WORD": "{{ token }}"}}
    return {"name": "say", "class": 0, "host": "edge", "command": told}


async def test_a_host_without_an_agent_is_named(tmp_path: Path) -> None:
    books = book(tmp_path, far={"steps": [mark("two", host="edge", start_within="100ms")]})
    async with scene(tmp_path, books) as there:
        run = await there.carried("far")
        assert "nobody on host edge took it within 100 ms" in str(run.error)
