"""The base of notifiers that post to a channel's webhook, whose URL is all they need to know."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import model_validator

from opsbook.alerts.sending.address import SecretUrl, required, revealed_text, shown
from opsbook.alerts.sending.http_notifier import HttpNotifier
from opsbook.metrics.scraping.notation import File
from opsbook.metrics.scraping.secret import at_most_one, in_file


class ChannelWebhook(HttpNotifier):
    """Give `calls`, which post to `post_url`."""

    misplaced: ClassVar[Mapping[str, str]] = {
        "url": "write it as webhook_url",
        "api_url": "write it as webhook_url",
    }

    webhook_url: SecretUrl = None
    """The channel's own address; whoever knows it may post there."""
    webhook_url_file: File = None
    """A file that holds it instead."""

    @model_validator(mode="after")
    def _one_url(self) -> "ChannelWebhook":
        at_most_one(self, "webhook_url", "webhook_url_file")
        required(self, "webhook_url", "webhook_url_file")
        return self

    @property
    def target(self) -> str:
        kind = type(self).__module__.rpartition(".")[2]
        return f"{kind} {shown(self.webhook_url, self.webhook_url_file)}"

    def post_url(self) -> str:
        """May read a file. Raises BadInputError where there is nothing."""
        return revealed_text(in_file(self.webhook_url_file) or self.webhook_url)
