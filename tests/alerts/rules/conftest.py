"""What tests of rules share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.metrics.rules.kept import Kept


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path / "store")
    yield kept
    kept.store.close()
