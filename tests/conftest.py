"""What all tests share: the event loop that the product runs on."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

from opsbook.core import secrets


@pytest.fixture(autouse=True)
def _no_secrets_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test revealed would be masked in the texts of the next."""
    monkeypatch.setattr(secrets, "_revealed", set())


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}
