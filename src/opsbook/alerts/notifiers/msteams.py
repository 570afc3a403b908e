"""`msteams_configs`: a card in a channel of Microsoft Teams, by a connector's webhook."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from opsbook.alerts.model import Notice
from opsbook.alerts.sending.channel_webhook import ChannelWebhook
from opsbook.alerts.sending.cut import cut_bytes
from opsbook.alerts.sending.exchange import Call, Reply
from opsbook.alerts.sending.http_notifier import json_call
from opsbook.alerts.sending.texts import TemplateText, Texts

_RED, _GREEN = "8C1A1A", "2DC72D"
_MOST_TITLE, _MOST_TEXT = 1_000, 20_000
"""Bytes: Teams takes messages of 28 KB, as JSON, which needs more for some characters."""


class MsTeams(ChannelWebhook):
    """Posts a MessageCard. Microsoft retires these connectors: `msteamsv2_configs` stays."""

    misplaced: ClassVar[Mapping[str, str]] = {
        **ChannelWebhook.misplaced,
        "message": "write it as text",
    }

    title: TemplateText = '{{ template "msteams.default.title" . }}'
    """At most 1,000 bytes are sent."""
    summary: TemplateText = '{{ template "msteams.default.summary" . }}'
    """What stands in a notification on a screen."""
    text: TemplateText = '{{ template "msteams.default.text" . }}'
    """Markdown; at most 20,000 bytes are sent."""

    def calls(self, notice: Notice, key: str, texts: Texts) -> Sequence[Call]:
        card = {
            "@context": "http://schema.org/extensions",
            "@type": "MessageCard",
            "title": cut_bytes(texts(self.title), _MOST_TITLE),
            "summary": cut_bytes(texts(self.summary), _MOST_TITLE),
            "text": cut_bytes(texts(self.text), _MOST_TEXT),
            "themeColor": _RED if notice.firing else _GREEN,
        }
        return [json_call(self.post_url(), card)]

    def judge(self, reply: Reply) -> None:
        """A connector says 200 and in words that Teams behind it refused, as with 429."""
        super().judge(reply)
        if b"returned HTTP error" in reply.body:
            busy = any(f"HTTP error {code}".encode() in reply.body for code in ("429", "5"))
            raise reply.refusal(self.target, temporary=busy)
