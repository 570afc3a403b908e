"""What the book says of watching the watcher."""

from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.alerts.watcher.settings import HeartbeatSettings, PageSettings


def test_little_has_to_be_said() -> None:
    beat = HeartbeatSettings.model_validate({"url": "https://switch.example/1"})
    page = PageSettings.model_validate({"at": "09:00", "receiver": "ada"})
    assert (beat.every, beat.fail_url, page.zone, page.acknowledge_within) == (
        60,
        None,
        "UTC",
        1800,
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"url": "ftp://switch"}, "not an http or https URL"),
        ({"url": "http://switch", "fail_url": "x"}, "not an http or https URL"),
        ({"url": "http://switch", "every": "100ms"}, "greater than or equal to 1"),
        ({"url": "http://switch", "bearer": "plain"}, "not a secret reference"),
    ],
)
def test_a_heartbeat_that_cannot_be_meant_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        HeartbeatSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"at": "24:00", "receiver": "a"}, "not a time of day"),
        ({"at": "9:00", "receiver": "a"}, "not a time of day"),
        ({"at": "09:00", "receiver": ""}, "at least 1 character"),
        ({"at": "09:00", "receiver": "a", "zone": "Mars/Base"}, "not a time zone"),
    ],
)
def test_a_page_that_cannot_be_meant_is_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PageSettings.model_validate(settings)
