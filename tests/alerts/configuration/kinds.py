"""Small kinds of notifiers, and configurations with entries of them."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field

from opsbook.alerts.configuration.configuration import Configuration, read_configuration
from opsbook.alerts.configuration.inheritance import Kinds
from opsbook.alerts.model import Notice
from opsbook.alerts.notifier import Delivery, Notifier
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.book.problems import BookError
from opsbook.metrics.scraping.notation import Flag, Text
from opsbook.metrics.scraping.secret import HeldSecret


class Silent(Notifier):
    """Sends nothing."""

    @property
    def target(self) -> str:
        return "nowhere"

    async def send(self, notice: Notice, key: str, templates: NoticeTemplates) -> Delivery:
        return Delivery("")


class Slack(Silent):
    inherits: ClassVar[Mapping[str, str]] = {
        "api_url": "slack_api_url",
        "api_url_file": "slack_api_url_file",
    }

    api_url: HeldSecret = None
    api_url_file: Text = ""


class Email(Silent):
    inherits: ClassVar[Mapping[str, str]] = {
        "from_": "smtp_from",
        "smarthost": "smtp_smarthost",
        "require_tls": "smtp_require_tls",
    }

    to: Text
    from_: Text = Field("", alias="from")
    smarthost: Text
    require_tls: Flag = True


KINDS: Kinds = {"slack": Slack, "email": Email}


def written(directory: Path, text: str) -> Path:
    file = directory / "alertmanager.yml"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return file


def read(directory: Path, text: str) -> Configuration:
    """With all kinds of notifiers that there are."""
    return read_configuration(written(directory, text))


def refusal(directory: Path, text: str) -> str:
    with pytest.raises(BookError) as caught:
        read(directory, text)
    return str(caught.value)
