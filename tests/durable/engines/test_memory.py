"""Runs in memory: the contract."""

import functools

import pytest

from opsbook.durable.engines.memory import Memory, MemoryEngine
from tests.durable.contract import QUEUES, EngineContract, Maker


class TestMemory(EngineContract):
    @pytest.fixture
    def make(self) -> Maker:
        return functools.partial(MemoryEngine, Memory(), queues=QUEUES)
