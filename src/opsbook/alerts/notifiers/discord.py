"""`discord_configs`: a message in a channel of Discord."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from opsbook.alerts.model import Notice
from opsbook.alerts.sending.channel_webhook import ChannelWebhook
from opsbook.alerts.sending.cut import cut
from opsbook.alerts.sending.exchange import Call
from opsbook.alerts.sending.http_notifier import filled, json_call
from opsbook.alerts.sending.texts import TemplateText, Texts

_MOST_TITLE, _MOST_MESSAGE, _MOST_CONTENT = 256, 4096, 2000
_RED, _GREEN = 0x992D22, 0x2ECC71


class Discord(ChannelWebhook):
    """Posts an embed to a channel's webhook."""

    misplaced: ClassVar[Mapping[str, str]] = {
        **ChannelWebhook.misplaced,
        "text": "write it as message",
    }

    title: TemplateText = '{{ template "discord.default.title" . }}'
    """At most 256 characters are sent."""
    message: TemplateText = '{{ template "discord.default.message" . }}'
    """At most 4096 characters are sent."""
    content: TemplateText = '{{ template "discord.default.content" . }}'
    """Above the embed, where `<@id>` calls people; at most 2000 characters are sent."""
    username: TemplateText = ""
    """From whom it is, for those who read it; the webhook's own name if not given."""
    avatar_url: TemplateText = ""
    """The picture beside that name; the webhook's own if not given."""

    def calls(self, notice: Notice, key: str, texts: Texts) -> Sequence[Call]:
        embed = {
            "title": cut(texts(self.title), _MOST_TITLE),
            "description": cut(texts(self.message), _MOST_MESSAGE),
            "color": _RED if notice.firing else _GREEN,
        }
        message = {
            "content": cut(texts(self.content), _MOST_CONTENT),
            "embeds": [embed],
            **filled(username=self.username, avatar_url=self.avatar_url),
        }
        return [json_call(self.post_url(), message)]
