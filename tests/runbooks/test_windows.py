"""When a window opens."""

from datetime import datetime

import pytest

from opsbook.runbooks.settings import Window
from opsbook.runbooks.windows import opens_in


@pytest.mark.parametrize(
    ("window", "now", "hours"),
    [
        ({}, "2026-01-07T12:00:00+00:00", 0),
        ({"from": "09:00", "to": "17:00"}, "2026-01-07T12:00:00+00:00", 0),
        ({"from": "09:00", "to": "17:00"}, "2026-01-07T06:00:00+00:00", 3),
        ({"from": "09:00", "to": "17:00"}, "2026-01-07T17:00:00+00:00", 16),
        ({"from": "22:00", "to": "04:00"}, "2026-01-07T01:00:00+00:00", 0),
        ({"from": "22:00", "to": "04:00"}, "2026-01-07T05:00:00+00:00", 17),
        ({"days": ["wed"], "to": "12:00"}, "2026-01-07T12:00:00+00:00", 156),
        ({"from": "09:00", "zone": "Asia/Tokyo"}, "2026-01-07T00:00:00+00:00", 0),
        ({"days": ["sun"], "from": "22:00", "to": "02:00"}, "2026-01-12T01:00:00+00:00", 0),
    ],
)
def test_it_opens_in(window: dict[str, object], now: str, hours: float) -> None:
    moment = datetime.fromisoformat(now).timestamp()
    assert opens_in(Window.model_validate(window), moment) == hours * 3600
