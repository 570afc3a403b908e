"""An inhibition rule as Alertmanager's configuration declares it."""

from opsbook.alerts.configuration.notation import MatcherText, Pattern, all_matchers
from opsbook.alerts.routing.inhibition import InhibitionRule
from opsbook.book.model import Section
from opsbook.metrics.scraping.notation import Keyed, Labelled, LabelName, Many, Text


class InhibitionConfig(Section):
    """While an alert fires that the source's matchers take, those that the target's take are
    not told."""

    name: Text = ""
    """For people only."""
    source_match: Labelled = {}
    """The old form of `source_matchers`: label → value."""
    source_match_re: Keyed[Pattern] = {}
    """The same with patterns."""
    source_matchers: Many[MatcherText] = []
    """Which alerts inhibit others while they fire."""
    target_match: Labelled = {}
    """The old form of `target_matchers`."""
    target_match_re: Keyed[Pattern] = {}
    """The same with patterns."""
    target_matchers: Many[MatcherText] = []
    """Which alerts are inhibited."""
    equal: Many[LabelName] = []
    """Labels of which source and target must have the same values."""

    def rule(self) -> InhibitionRule:
        return InhibitionRule(
            source=all_matchers(self.source_match, self.source_match_re, self.source_matchers),
            target=all_matchers(self.target_match, self.target_match_re, self.target_matchers),
            equal=tuple(self.equal),
            name=self.name,
        )
