"""A receiver as Alertmanager's configuration declares it: entries of many kinds."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, create_model

from opsbook.alerts.configuration.inheritance import SUFFIX, Kinds
from opsbook.alerts.delivery.setup import Receiver
from opsbook.alerts.notifier import Notifier
from opsbook.book.model import Section
from opsbook.metrics.scraping.notation import Many, Text


def _named(text: str) -> str:
    if not text:
        raise ValueError("a receiver needs a name")
    return text


class ReceiverConfig(Section):
    """Who is told, by each of its entries; one without entries is told nothing."""

    name: Annotated[Text, AfterValidator(_named)]
    """By which routes name it."""
    fallback: Text = ""
    """The receiver to tell when an entry of this one cannot be reached; Opsbook's own key."""

    def entries(self) -> Iterator[tuple[str, int, Notifier]]:
        """Kind, number among those of its kind, and the entry itself."""
        for name in type(self).model_fields:
            if name.endswith(SUFFIX):
                for number, entry in enumerate(getattr(self, name)):
                    yield name.removesuffix(SUFFIX), number, entry

    def receiver(self) -> Receiver:
        entries = {f"{kind}[{number}]": entry for kind, number, entry in self.entries()}
        return Receiver(self.name, entries, self.fallback or None)


def receiver_type(kinds: Kinds) -> type[ReceiverConfig]:
    """Of receivers with entries of these kinds."""
    fields: dict[str, Any] = {f"{kind}{SUFFIX}": (Many[cls], []) for kind, cls in kinds.items()}  # type: ignore[valid-type]  # made for pydantic alone
    return create_model("ReceiverConfig", __base__=ReceiverConfig, **fields)
