"""One store with the same samples for every test of this directory that only asks."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.web.prometheus.data import STEP, Samples, fill, samples
from tests.web.prometheus.served import Client, embedded, served

COUNT = 121


@dataclass(frozen=True)
class Held:
    """What is served, and when it was measured, in seconds."""

    client: Client
    samples: Samples
    begin: float
    end: float


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    end = int(time.time()) // 15 * 15
    begin = end - (COUNT - 1) * STEP // 1000
    found = samples(begin * 1000, COUNT)
    with embedded(tmp_path_factory.mktemp("store")) as store, served(store) as client:
        fill(store, found)
        yield Held(client, found, float(begin), float(end))
