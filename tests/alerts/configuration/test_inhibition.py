"""Inhibition rules as they are declared."""

from opsbook.alerts.configuration.inhibition import InhibitionConfig
from opsbook.alerts.routing.inhibition import InhibitionRule
from opsbook.metrics.model import Matcher


def test_old_and_new_matchers_hold_together() -> None:
    declared = InhibitionConfig.model_validate(
        {
            "name": "n",
            "source_match": {"a": "1"},
            "source_match_re": {"b": "2.*"},
            "source_matchers": ["c!=3"],
            "target_match": {"d": "4"},
            "target_match_re": {"e": "5.*"},
            "target_matchers": ["f!~6", "g=7"],
            "equal": ["h", "größe"],
        }
    )
    assert declared.rule() == InhibitionRule(
        source=(
            Matcher("a", "=", "1"),
            Matcher("b", "=~", "^(?:2.*)$"),
            Matcher("c", "!=", "3"),
        ),
        target=(
            Matcher("d", "=", "4"),
            Matcher("e", "=~", "^(?:5.*)$"),
            Matcher("f", "!~", "6"),
            Matcher("g", "=", "7"),
        ),
        equal=("h", "größe"),
        name="n",
    )
