"""`telegram_configs`: a message of a bot in a chat of Telegram."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, model_validator

from opsbook.alerts.model import Notice
from opsbook.alerts.notifier import NotSentError
from opsbook.alerts.sending.address import PlainUrl, required, revealed_text
from opsbook.alerts.sending.cut import cut
from opsbook.alerts.sending.cut_html import cut_html
from opsbook.alerts.sending.exchange import Call, Reply
from opsbook.alerts.sending.http_notifier import HttpNotifier, json_call
from opsbook.alerts.sending.texts import TemplateText, Texts
from opsbook.book.source import AsWritten
from opsbook.metrics.scraping.notation import File, Flag
from opsbook.metrics.scraping.secret import HeldSecret, at_most_one, in_file

_MOST_TEXT = 4096


def _number(value: Any) -> Any:
    number = value.value if isinstance(value, AsWritten) else value
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError("not a whole number: write, for example, -1001234567890, without quotes")
    return number


_Number = Annotated[int, BeforeValidator(_number)]


class Telegram(HttpNotifier):
    """Sends a message by the Bot API."""

    inherits: ClassVar[Mapping[str, str]] = {
        **HttpNotifier.inherits,
        "api_url": "telegram_api_url",
        "bot_token": "telegram_bot_token",
        "bot_token_file": "telegram_bot_token_file",
    }
    misplaced: ClassVar[Mapping[str, str]] = {
        "token": "write it as bot_token",
        "chat": "write it as chat_id",
        "text": "write it as message",
    }

    api_url: PlainUrl = "https://api.telegram.org"
    """Where the Bot API is."""
    bot_token: HeldSecret = None
    """The bot's, as BotFather gives it."""
    bot_token_file: File = None
    """A file that holds it instead."""
    chat_id: _Number
    """The chat's number; a group's is below 0."""
    message_thread_id: _Number = 0
    """The number of a topic in the group."""
    message: TemplateText = '{{ template "telegram.default.message" . }}'
    """At most 4096 characters are sent."""
    disable_notifications: Flag = False
    """Whether it arrives without a sound."""
    parse_mode: Literal["HTML", "Markdown", "MarkdownV2", ""] = "HTML"
    """What the message is written in; `""` is plain text."""

    @model_validator(mode="after")
    def _complete(self) -> "Telegram":
        at_most_one(self, "bot_token", "bot_token_file")
        required(self, "bot_token", "bot_token_file")
        if self.chat_id == 0:
            raise ValueError("chat_id is 0: write the chat's number")
        return self

    @property
    def target(self) -> str:
        return f"telegram chat {self.chat_id} at {self.api_url}"

    def calls(self, notice: Notice, key: str, texts: Texts) -> Sequence[Call]:
        token = revealed_text(in_file(self.bot_token_file) or self.bot_token)
        message = {
            "chat_id": str(self.chat_id),
            "text": self._text(texts),
            "disable_web_page_preview": "true",
        }
        if self.message_thread_id:
            message["message_thread_id"] = str(self.message_thread_id)
        if self.disable_notifications:
            message["disable_notification"] = "true"
        if self.parse_mode:
            message["parse_mode"] = self.parse_mode
        return [json_call(f"{self.api_url.rstrip('/')}/bot{token}/sendMessage", message)]

    def _text(self, texts: Texts) -> str:
        if self.parse_mode == "HTML":
            return cut_html(texts.html(self.message), _MOST_TEXT)
        return cut(texts(self.message), _MOST_TEXT)

    def judge(self, reply: Reply) -> None:
        """Telegram says in the answer how long to wait, and `ok: false` under any status."""
        answer = _answer(reply)
        wait = _mapping(answer.get("parameters")).get("retry_after")
        if reply.status == 429 and isinstance(wait, int):
            raise NotSentError(f"{self.target}: {reply}", retry_after=float(wait))
        super().judge(reply)
        if answer.get("ok") is not True:
            raise reply.refusal(self.target, temporary=False)


def _answer(reply: Reply) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(reply.body))
    except ValueError:
        return {}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
