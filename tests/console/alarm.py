"""Alerts of another program, as long as a test wants them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from tests.console.api import get, post
from tests.console.stand import Stand
from tests.console.until import until


@contextmanager
def firing(platform: Stand, name: str, **labels: str) -> Iterator[None]:
    """An alert of somebody else's; ended with the block."""
    began = datetime.now(UTC)
    _tell(platform, name, labels, began, began + timedelta(minutes=10))
    try:
        yield
    finally:
        _tell(platform, name, labels, began, datetime.now(UTC))
        until(lambda: not _fires(platform, name))


def _tell(
    platform: Stand, name: str, labels: dict[str, str], began: datetime, ends: datetime
) -> None:
    alert = {
        "labels": {"alertname": name, **labels},
        "annotations": {"summary": f"{name} is the case"},
        "startsAt": began.isoformat(),
        "endsAt": ends.isoformat(),
    }
    post(platform, "v2/alerts", [alert])


def _fires(platform: Stand, name: str) -> bool:
    return any(each["name"] == name for each in get(platform, "alerts"))
