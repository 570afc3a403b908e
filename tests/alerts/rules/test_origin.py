"""Links to what raised an alert."""

from dataclasses import replace

import pytest

from opsbook.alerts.model import Alert
from opsbook.alerts.rules.origin import Origin

ALERT = Alert((("alertname", "a"),), (), 0, 1, 0)


@pytest.mark.parametrize("url", ["http://ops:7070", "http://ops:7070/"])
def test_a_link_is_as_prometheus_has_it(url: str) -> None:
    link = Origin(url).of_expression('up{job="a"} == 0')
    assert link == "http://ops:7070/graph?g0.expr=up%7Bjob%3D%22a%22%7D+%3D%3D+0&g0.tab=1"


def test_what_is_ours_is_known_by_its_link() -> None:
    origin = Origin("http://ops:7070")
    assert origin.raised(replace(ALERT, generator_url=origin.of_check("gateway")))
    for other in ("", "http://other:9090/graph?g0.expr=up&g0.tab=1", "http://ops:7070/x"):
        assert not origin.raised(replace(ALERT, generator_url=other))
