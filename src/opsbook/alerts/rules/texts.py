"""The texts of a rule's labels and annotations, expanded for one alert."""

from collections.abc import Mapping
from dataclasses import dataclass

from opsbook.alerts.templates.rules import expand
from opsbook.alerts.templates.samples import Sample, samples_of
from opsbook.core.labels import Labels
from opsbook.metrics.rules.rule import Ask


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What templates may know besides the alert."""

    external_labels: Labels = ()
    external_url: str = ""


@dataclass(frozen=True, slots=True)
class Texts:
    """The templates of one evaluation, at a time in ms."""

    surroundings: Surroundings
    at: int
    ask: Ask

    def expanded(
        self, templates: Mapping[str, str], labels: Labels, value: float
    ) -> dict[str, str]:
        """`labels` are those of the series, its metric's name among them."""
        return {
            name: self._one(template, labels, value) if "{{" in template else template
            for name, template in templates.items()
        }

    def _one(self, template: str, labels: Labels, value: float) -> str:
        around = self.surroundings
        return expand(
            template,
            labels,
            value,
            around.external_labels,
            around.external_url,
            self._query,
            at=self.at / 1000,
        )

    def _query(self, expression: str) -> list[Sample]:
        return samples_of(self.ask(expression, self.at))
