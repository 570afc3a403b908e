"""What would change."""

import asyncio
from pathlib import Path

import pytest

from opsbook.durable.values import Json
from opsbook.runbooks import foretelling
from opsbook.runbooks.action import Action, ActionFailedError, Change
from opsbook.runbooks.context import Context
from opsbook.runbooks.foretelling import foretold
from tests.runbooks.scene import Alone


class Forecast(Action):
    """Says what it was told to say."""

    _said: Change | Exception | float | None

    @property
    def subject(self) -> str:
        return "forecast"

    async def preview(self, context: Context) -> Change | None:
        if isinstance(self._said, Exception):
            raise self._said
        if isinstance(self._said, float):
            await asyncio.sleep(self._said)
            return None
        return self._said

    async def carry_out(self, context: Context) -> dict[str, Json]:
        return {}


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (None, (None, "")),
        (Change("x", "a", "b"), (Change("x", "a", "b"), "")),
        (Change("x", "a", "b" * 5000), (Change("x", "a", "b" * 1000), "")),
        (ActionFailedError("no such host"), (None, "no such host")),
        (60.0, (None, "it took too long to find out")),
    ],
)
async def test_the_change_or_why_it_cannot_be_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    said: Change | Exception | float | None,
    found: tuple[Change | None, str],
) -> None:
    monkeypatch.setattr(foretelling, "PATIENCE", 0.05)
    action = Forecast()
    action._said = said
    context = Context("r", "p", "0", "ada", "w", {"steps": {}}, asyncio.Event(), Alone(tmp_path))
    assert await foretold(action, context) == found
