"""A store for the tests of what is pushed into it."""

from pathlib import Path
from typing import Any

from opsbook.core.clock import ManualClock
from opsbook.metrics.stores.embedded import Embedded
from tests.metrics.remote.messages import NOW


def embedded(home: Path, **settings: Any) -> Embedded:
    """Opened, on a day after the samples of tests."""
    store = Embedded.model_validate(settings)
    store.bind(home / "metrics", ManualClock(NOW / 1000 + 86_400))
    store.start()
    return store
