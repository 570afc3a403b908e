"""What tests of scraping share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.core.clock import SystemClock
from opsbook.metrics.stores.embedded import Embedded


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Embedded]:
    store = Embedded()
    store.bind(tmp_path / "metrics", SystemClock())
    store.start()
    yield store
    store.close()
