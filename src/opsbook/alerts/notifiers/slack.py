"""`slack_configs`: a message in a channel of Slack, or of what speaks as Slack does."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import model_validator

from opsbook.alerts.model import Notice
from opsbook.alerts.sending.address import PlainUrl, SecretUrl, required, revealed_text, shown
from opsbook.alerts.sending.cut import cut
from opsbook.alerts.sending.exchange import Call, Reply
from opsbook.alerts.sending.http_notifier import HttpNotifier, filled, json_call
from opsbook.alerts.sending.texts import TemplateText, Texts
from opsbook.book.model import Section
from opsbook.metrics.scraping.notation import File, Flag, Many
from opsbook.metrics.scraping.secret import HeldSecret, at_most_one, in_file

_MOST_TITLE = 1024
_PASSING = {"ratelimited", "internal_error", "service_unavailable", "request_timeout"}
"""Errors in an answer 200 that are gone the next time."""


class SlackField(Section):
    """A line of a table in the message."""

    title: TemplateText
    value: TemplateText
    """What stands below the title."""
    short: Flag | None = None
    """Whether it may stand beside another one; as `short_fields` says if not given."""


class SlackConfirmation(Section):
    """A question before a button does what it does."""

    text: TemplateText
    """The question."""
    title: TemplateText = ""
    """Above it."""
    ok_text: TemplateText = ""
    """On the button that says yes."""
    dismiss_text: TemplateText = ""
    """On the one that says no."""


class SlackAction(Section):
    """A button."""

    type: TemplateText
    """`button`."""
    text: TemplateText
    """What is on it."""
    url: TemplateText = ""
    """Where it leads; it needs this or `name`."""
    style: TemplateText = ""
    """`primary`, `danger`, or nothing."""
    name: TemplateText = ""
    """What an app of Slack is told was pressed…"""
    value: TemplateText = ""
    """…and with which value."""
    confirm: SlackConfirmation | None = None

    @model_validator(mode="after")
    def _does_something(self) -> "SlackAction":
        if not (self.type and self.text):
            raise ValueError("a button needs type and text: give both")
        required(self, "url", "name")
        return self


class Slack(HttpNotifier):
    """Posts an attachment, by an incoming webhook or by a bot's token."""

    inherits: ClassVar[Mapping[str, str]] = {
        **HttpNotifier.inherits,
        "api_url": "slack_api_url",
        "api_url_file": "slack_api_url_file",
    }
    misplaced: ClassVar[Mapping[str, str]] = {
        "webhook_url": "write it as api_url",
        "url": "write it as api_url",
        "message": "write it as text",
        "token": "write it as app_token",
    }

    send_resolved: Flag = False
    """Whether to tell of alerts that have ended."""
    api_url: SecretUrl = None
    """The incoming webhook."""
    api_url_file: File = None
    """A file that holds it instead."""
    app_token: HeldSecret = None
    """A bot's token, used instead of the webhook."""
    app_token_file: File = None
    """A file that holds it instead."""
    app_url: PlainUrl = "https://slack.com/api/chat.postMessage"
    """Where the token is used."""
    channel: TemplateText = ""
    """A channel or a person; a webhook knows its own."""
    username: TemplateText = '{{ template "slack.default.username" . }}'
    """From whom it is, for those who read it, where Slack allows it."""
    color: TemplateText = '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}'
    """Of the line beside it: good, warning, danger, or such as `#439FE0`."""
    title: TemplateText = '{{ template "slack.default.title" . }}'
    """At most 1024 characters are sent."""
    title_link: TemplateText = '{{ template "slack.default.titlelink" . }}'
    """Where the title leads."""
    pretext: TemplateText = '{{ template "slack.default.pretext" . }}'
    """Above the attachment."""
    text: TemplateText = '{{ template "slack.default.text" . }}'
    """What people read."""
    fields: Many[SlackField] = []
    short_fields: Flag = False
    """Whether fields may stand beside each other."""
    footer: TemplateText = '{{ template "slack.default.footer" . }}'
    """Below the attachment."""
    fallback: TemplateText = '{{ template "slack.default.fallback" . }}'
    """What stands in a notification on a screen."""
    callback_id: TemplateText = '{{ template "slack.default.callbackid" . }}'
    """By which an app of Slack knows the message when a button is pressed."""
    icon_emoji: TemplateText = '{{ template "slack.default.iconemoji" . }}'
    """The picture beside the name, such as `:fire:`…"""
    icon_url: TemplateText = '{{ template "slack.default.iconurl" . }}'
    """…or where it is."""
    image_url: TemplateText = ""
    """Where a picture is that is shown below the text."""
    thumb_url: TemplateText = ""
    """Where a small one is that is shown beside it."""
    link_names: Flag = False
    """Whether `@name` calls that person."""
    mrkdwn_in: Many[Literal["fallback", "pretext", "text", "fields"]] = []
    """Parts in which marks such as `*bold*` mean something; fallback, pretext and text if not
    given."""
    actions: Many[SlackAction] = []

    @model_validator(mode="after")
    def _one_way(self) -> "Slack":
        at_most_one(self, "api_url", "api_url_file")
        at_most_one(self, "app_token", "app_token_file")
        required(self, "api_url", "api_url_file", "app_token", "app_token_file")
        return self

    @property
    def _by_token(self) -> bool:
        return bool(self.app_token or self.app_token_file)

    @property
    def target(self) -> str:
        where = self.app_url if self._by_token else shown(self.api_url, self.api_url_file)
        return f"slack {self.channel} at {where}" if self.channel else f"slack {where}"

    def calls(self, notice: Notice, key: str, texts: Texts) -> Sequence[Call]:
        message = filled(
            channel=texts(self.channel),
            username=texts(self.username),
            icon_emoji=texts(self.icon_emoji),
            icon_url=texts(self.icon_url),
            link_names=self.link_names,
            attachments=[self._attachment(texts)],
        )
        if not self._by_token:
            return [json_call(revealed_text(in_file(self.api_url_file) or self.api_url), message)]
        token = revealed_text(in_file(self.app_token_file) or self.app_token)
        return [json_call(self.app_url, message, ("Authorization", f"Bearer {token}"))]

    def _attachment(self, texts: Texts) -> dict[str, object]:
        return filled(
            title=cut(texts(self.title), _MOST_TITLE),
            title_link=texts(self.title_link),
            pretext=texts(self.pretext),
            fields=[self._field(field, texts) for field in self.fields],
            actions=[_action(action, texts) for action in self.actions],
            image_url=texts(self.image_url),
            thumb_url=texts(self.thumb_url),
            color=texts(self.color),
            mrkdwn_in=self.mrkdwn_in or ["fallback", "pretext", "text"],
        ) | {
            "text": texts(self.text),
            "fallback": texts(self.fallback),
            "callback_id": texts(self.callback_id),
            "footer": texts(self.footer),
        }

    def _field(self, field: SlackField, texts: Texts) -> dict[str, object]:
        short = self.short_fields if field.short is None else field.short
        return filled(title=texts(field.title), value=texts(field.value)) | {"short": short}

    def judge(self, reply: Reply) -> None:
        """Slack says no in an answer 200 too: `ok: false`, or a text that is not `ok`."""
        super().judge(reply)
        if not reply.headers.get("content-type", "").startswith("application/json"):
            if reply.body.strip() != b"ok":
                raise reply.refusal(self.target, temporary=False)
            return
        try:
            answer = json.loads(reply.body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("ok") is not True:
            raise reply.refusal(self.target, temporary=_error(answer) in _PASSING)


def _error(answer: Any) -> str:
    return str(answer.get("error", "")) if isinstance(answer, dict) else ""


def _action(action: SlackAction, texts: Texts) -> dict[str, object]:
    names = ("type", "text", "url", "style", "name", "value")
    made = filled(**{name: texts(getattr(action, name)) for name in names})
    if action.confirm is None:
        return made
    confirm = action.confirm
    asked = filled(text=texts(confirm.text), title=texts(confirm.title))
    words = {"ok_text": texts(confirm.ok_text), "dismiss_text": texts(confirm.dismiss_text)}
    return {**made, "confirm": asked | words}
