"""The `global` of Alertmanager's configuration: what entries take where they say nothing."""

from collections.abc import Iterable
from typing import Any

from pydantic import Field, create_model, model_validator

from opsbook.alerts.configuration.inheritance import Kinds
from opsbook.book.model import Section
from opsbook.metrics.durations import PrometheusDuration
from opsbook.metrics.scraping.secret import at_most_one


class GlobalConfig(Section):
    """What holds for every entry that does not say otherwise."""

    resolve_timeout: PrometheusDuration | None = None
    """After this an alert without an end is taken to have ended if nobody repeats it; 5m if
    not given."""

    @model_validator(mode="after")
    def _one_of_two(self) -> "GlobalConfig":
        for name in type(self).model_fields:
            if f"{name}_file" in type(self).model_fields:
                at_most_one(self, name, f"{name}_file")
        return self


def global_type(kinds: Kinds, further: Iterable[str]) -> type[GlobalConfig]:
    """With the keys that entries of these kinds take, and further ones that nothing reads."""
    fields: dict[str, Any] = dict.fromkeys(further, (Any, Field(None, repr=False)))
    for kind in kinds.values():
        for name, key in kind.inherits.items():
            wanted = kind.model_fields[name].rebuild_annotation()
            fields[key] = (wanted | None, None)
    return create_model("GlobalConfig", __base__=GlobalConfig, **fields)
