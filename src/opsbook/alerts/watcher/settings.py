"""The book's `alerts:`, what is in it of watching the watcher."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from opsbook.alerts.configuration.intervals import zone_name
from opsbook.alerts.sending.address import check_url
from opsbook.book.fields import Duration, Secret, TextOrSecret
from opsbook.book.model import Section
from opsbook.core.secrets import Secret as HeldSecret

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def _time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise ValueError("not a time of day: write, for example, 09:30")
    return text


def _url(value: str | HeldSecret) -> str | HeldSecret:
    if isinstance(value, str):
        check_url(value)
    return value


Url = Annotated[TextOrSecret, AfterValidator(_url)]


class HeartbeatSettings(Section):
    """A switch elsewhere that raises the alarm when it has heard nothing for a while."""

    url: Url
    """Asked as long as the watch is really working."""
    every: Annotated[Duration, Field(ge=1)] = 60.0
    """How often; the switch should wait for a few of them."""
    fail_url: Url | None = None
    """Asked instead, with the reason as its body, while something is wrong here."""
    method: Literal["GET", "POST", "HEAD"] = "POST"
    """How the switch wants to be asked."""
    headers: dict[str, TextOrSecret] = {}
    """Headers to send; a value may be a secret reference."""
    bearer: Secret | None = None
    """Sent as `Authorization: Bearer`."""


class PageSettings(Section):
    """An alert a day that says that nothing is wrong, and that a person has to acknowledge."""

    at: Annotated[str, AfterValidator(_time)]
    """`HH:MM`."""
    zone: Annotated[str, AfterValidator(zone_name)] = "UTC"
    """Whose clock is meant, such as `Europe/Paris` or `Local`."""
    receiver: str = Field(min_length=1)
    """Who is paged."""
    acknowledge_within: Annotated[Duration, Field(gt=0)] = 1800.0
    """After this the alert `DailyPageUnanswered` fires, with severity critical."""
