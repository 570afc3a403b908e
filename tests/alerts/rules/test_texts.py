"""Texts of labels and annotations."""

import pytest

from opsbook.alerts.rules.texts import Surroundings, Texts
from opsbook.core.labels import labels_of
from opsbook.metrics.promql.errors import failed
from opsbook.metrics.promql.result import Result
from tests.alerts.rules.world import START, World

AROUND = Surroundings(labels_of({"cluster": "eu"}), "http://ops")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain } text", "plain } text"),
        ("{{ $labels.__name__ }} {{ .Value }}", "up 0"),
        ("{{ $externalLabels.cluster }} {{ externalURL }}", "eu http://ops"),
        ('{{ query "temperature" | first | value }}', "21"),
        ('{{ query "up[5m]" }}', "<error expanding template: "),
    ],
)
def test_templates_know_the_series_and_what_is_around(template: str, expected: str) -> None:
    world = World()
    world.put(0, "temperature", 21)
    world.samples.now = START
    texts = Texts(AROUND, START, world.ask)
    found = texts.expanded({"a": template}, labels_of({"__name__": "up"}), 0.0)
    assert found["a"].startswith(expected)


def test_queries_are_asked_at_the_rule_s_time() -> None:
    asked: list[tuple[str, int]] = []

    def ask(expression: str, at: int) -> Result:
        asked.append((expression, at))
        raise failed("no store")

    text = Texts(AROUND, START, ask).expanded({"a": '{{ query "up" }}'}, (), 0.0)["a"]
    assert "no store" in text
    assert asked == [("up", START)]
