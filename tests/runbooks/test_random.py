"""Random runbooks, random failures, and lives that end at random moments."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.core.errors import BadInputError
from opsbook.durable.engines.memory import Memory
from opsbook.durable.model import RunState
from opsbook.runbooks.hands import Ordered, Verb
from tests.runbooks.scene import Alone, book, scene, seen

_NAMES = ["one", "two", "three", "four"]


class Steady(Alone):
    """Does nothing to what stands as it should already, as services do when they are started or
    stopped again after a crash."""

    def __init__(self, directory: Path, failing: str | None) -> None:
        super().__init__(directory)
        self._fails = failing

    async def order(
        self, service: str, verb: Verb, *, by: str, why: str, key: str, replicas: int | None = None
    ) -> Ordered:
        if verb == "start" and service == self._fails:
            raise BadInputError(f"{service} was told to fail")
        line = service if verb == "start" else f"not_{service}"
        about = [each for each in self.effects() if each in (service, f"not_{service}")]
        if about[-1:] != [line]:
            self.write(line)
        return Ordered(True, "before", "after")


def noted(name: str) -> dict[str, Any]:
    """A step that has a line written; taken back it has another one written."""
    back = {"service": {"stop": name}, "verify": _proof(f"not_{name}")}
    return {
        "name": name,
        "service": {"start": name},
        "verify": _proof(name),
        "rollback": [{**back, "no_rollback": "it takes back"}],
    }


def _proof(line: str) -> dict[str, Any]:
    return {"within": "1s", "every": "20ms", "steps": [seen(line)]}


async def carried(
    steps: list[dict[str, Any]], failing: str | None, policy: str, lives: list[float]
) -> tuple[RunState, list[str]]:
    """The state in the end and what was written, after lives that lasted so long."""
    memory = Memory()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        books = book(directory, some={"on_failure": policy, "steps": steps})
        run = ""
        for lasts in [*lives, None]:
            hands = Steady(directory, failing)
            async with scene(directory, books, memory, hands=hands) as there:
                run = run or await there.run("some")
                if lasts is None:
                    view = await there.ended(run, 20)
                    return view.state, there.effects()
                await asyncio.sleep(lasts)
    raise AssertionError("the last life ends by itself")


@settings(max_examples=12, deadline=None)
@given(
    count=st.integers(1, 4),
    failing=st.none() | st.sampled_from(_NAMES),
    policy=st.sampled_from(["stop", "continue", "rollback"]),
    lives=st.lists(st.floats(0.0, 0.08), max_size=3),
)
def test_each_effect_happens_once_and_the_state_is_right(
    count: int, failing: str | None, policy: str, lives: list[float]
) -> None:
    names = _NAMES[:count]
    steps = [noted(name) for name in names]
    state, effects = asyncio.run(carried(steps, failing, policy, lives))
    fails = failing in names
    reached = names[: names.index(str(failing))] if fails else names
    going_on = [name for name in names if name != failing]
    expected = going_on if policy == "continue" else reached
    assert [each for each in effects if not each.startswith("not_")] == expected
    assert state is (RunState.FAILED if fails and policy != "continue" else RunState.SUCCEEDED)
    # What failed may have been done by halves: it is taken back too.
    back = [str(failing), *reversed(reached)] if fails and policy == "rollback" else []
    assert [each.removeprefix("not_") for each in effects if each.startswith("not_")] == back
