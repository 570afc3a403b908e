"""`msteamsv2_configs`: a card in a channel of Microsoft Teams, by a workflow's webhook."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from opsbook.alerts.model import Notice
from opsbook.alerts.sending.channel_webhook import ChannelWebhook
from opsbook.alerts.sending.cut import cut_bytes
from opsbook.alerts.sending.exchange import Call
from opsbook.alerts.sending.http_notifier import json_call
from opsbook.alerts.sending.texts import TemplateText, Texts

_MOST_TITLE, _MOST_TEXT = 1_000, 20_000
"""Bytes: Teams takes messages of 28 KB, as JSON, which needs more for some characters."""


class MsTeamsV2(ChannelWebhook):
    """Posts an Adaptive Card, as Power Automate's workflows take it."""

    misplaced: ClassVar[Mapping[str, str]] = {
        **ChannelWebhook.misplaced,
        "message": "write it as text",
        "summary": "write it in title: cards of this kind have no summary",
    }

    title: TemplateText = '{{ template "msteamsv2.default.title" . }}'
    """At most 1,000 bytes are sent."""
    text: TemplateText = '{{ template "msteamsv2.default.text" . }}'
    """Markdown; at most 20,000 bytes are sent."""

    def calls(self, notice: Notice, key: str, texts: Texts) -> Sequence[Call]:
        title = {
            "type": "TextBlock",
            "text": cut_bytes(texts(self.title), _MOST_TITLE),
            "weight": "Bolder",
            "size": "Medium",
            "wrap": True,
            "style": "heading",
            "color": "Attention" if notice.firing else "Good",
        }
        text = {"type": "TextBlock", "text": cut_bytes(texts(self.text), _MOST_TEXT), "wrap": True}
        return [json_call(self.post_url(), _message(title, text))]


def _message(*body: dict[str, Any]) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "body": body,
        "msteams": {"width": "full"},
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}
