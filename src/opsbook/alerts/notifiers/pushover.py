"""`pushover_configs`: a message on phones, repeated until somebody has seen it."""

from collections.abc import Mapping, Sequence
from typing import ClassVar
from urllib.parse import urlencode

from pydantic import model_validator

from opsbook.alerts.model import Notice
from opsbook.alerts.sending.address import required, revealed_text
from opsbook.alerts.sending.cut import cut
from opsbook.alerts.sending.cut_html import cut_html
from opsbook.alerts.sending.exchange import Call
from opsbook.alerts.sending.http_notifier import HttpNotifier
from opsbook.alerts.sending.texts import TemplateText, Texts
from opsbook.metrics.scraping.notation import File, Flag, Interval
from opsbook.metrics.scraping.secret import HeldSecret, at_most_one, in_file

_MOST_TITLE, _MOST_MESSAGE, _MOST_URL, _MOST_URL_TITLE = 250, 1024, 512, 100
_FORM = ("Content-Type", "application/x-www-form-urlencoded")


class Pushover(HttpNotifier):
    """Posts a message to Pushover."""

    api_url: ClassVar[str] = "https://api.pushover.net/1/messages.json"
    misplaced: ClassVar[Mapping[str, str]] = {
        "user": "write it as user_key",
        "api_token": "write it as token",
        "text": "write it as message",
    }

    user_key: HeldSecret = None
    """A person's key, or a group's."""
    user_key_file: File = None
    """A file that holds it instead."""
    token: HeldSecret = None
    """The application's key."""
    token_file: File = None
    """A file that holds it instead."""
    title: TemplateText = '{{ template "pushover.default.title" . }}'
    """At most 250 characters are sent."""
    message: TemplateText = '{{ template "pushover.default.message" . }}'
    """At most 1024 characters are sent."""
    url: TemplateText = '{{ template "pushover.default.url" . }}'
    """A link below the message; at most 512 characters are sent."""
    url_title: TemplateText = ""
    """What people read of the link; at most 100 characters are sent."""
    device: TemplateText = ""
    """The name of one, or of several with commas between them; all if not given."""
    sound: TemplateText = ""
    """The name of one; the person's own choice if not given."""
    priority: TemplateText = '{{ if eq .Status "firing" }}2{{ else }}0{{ end }}'
    """From -2 to 2; with 2 it comes again until somebody has seen it."""
    retry: Interval = 60.0
    """How often it comes again; 1m if not given."""
    expire: Interval = 3600.0
    """For how long it comes again; 1h if not given."""
    ttl: Interval = None
    """After this it is taken away."""
    html: Flag = False
    """Whether the message is HTML."""
    monospace: Flag = False
    """Whether all letters are of one width."""

    @model_validator(mode="after")
    def _complete(self) -> "Pushover":
        for name in ("user_key", "token"):
            at_most_one(self, name, f"{name}_file")
            required(self, name, f"{name}_file")
        if self.html and self.monospace:
            raise ValueError("both html and monospace are given: keep one")
        return self

    @property
    def target(self) -> str:
        return f"pushover {self.api_url}"

    def calls(self, notice: Notice, key: str, texts: Texts) -> Sequence[Call]:
        token = texts(revealed_text(in_file(self.token_file) or self.token))
        user = texts(revealed_text(in_file(self.user_key_file) or self.user_key))
        form = {
            "token": token,
            "user": user,
            "title": cut(texts(self.title), _MOST_TITLE),
            "message": self._message(texts),
            "url": cut(texts(self.url), _MOST_URL),
            "url_title": cut(texts(self.url_title), _MOST_URL_TITLE),
            "priority": texts(self.priority),
            "retry": _seconds(self.retry),
            "expire": _seconds(self.expire),
            "ttl": _seconds(self.ttl),
            "device": texts(self.device),
            "sound": texts(self.sound),
            "html": "1" if self.html else "",
            "monospace": "1" if self.monospace else "",
        }
        given = {name: value for name, value in form.items() if value}
        body = urlencode(given, errors="replace").encode()
        return [Call(self.api_url, body, [_FORM], secrets=(token, user))]

    def _message(self, texts: Texts) -> str:
        if self.html:
            message = cut_html(texts.html(self.message).strip(), _MOST_MESSAGE)
        else:
            message = cut(texts(self.message).strip(), _MOST_MESSAGE)
        # Pushover refuses messages without any text.
        return message or "(no text)"


def _seconds(interval: float | None) -> str:
    return str(int(interval)) if interval else ""
