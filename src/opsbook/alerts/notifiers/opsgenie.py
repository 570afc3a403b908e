"""`opsgenie_configs`: an alert of Opsgenie, opened and closed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pydantic import model_validator

from opsbook.alerts.model import Notice
from opsbook.alerts.sending.address import PlainUrl, required, revealed_text
from opsbook.alerts.sending.cut import cut
from opsbook.alerts.sending.exchange import Call
from opsbook.alerts.sending.http_notifier import HttpNotifier, filled, json_call
from opsbook.alerts.sending.texts import TemplateText, Texts, group_hash
from opsbook.book.model import Section
from opsbook.metrics.scraping.notation import File, Flag, Keyed, Many
from opsbook.metrics.scraping.secret import HeldSecret, at_most_one, in_file

_MOST_MESSAGE = 130
_MOST_DESCRIPTION = 15_000
_TYPES = ("team", "teams", "user", "escalation", "schedule")


class Responder(Section):
    """Whom Opsgenie tells."""

    id: TemplateText = ""
    """Opsgenie's own for a team or a person; `name` or `username` does as well."""
    name: TemplateText = ""
    """Of the type `teams` several, with commas between them."""
    username: TemplateText = ""
    """A person's, which is a mail address."""
    type: TemplateText = ""
    """team, teams, user, escalation or schedule."""

    @model_validator(mode="after")
    def _somebody(self) -> "Responder":
        required(self, "id", "name", "username")
        if "{{" not in self.type and self.type.lower() not in _TYPES:
            raise ValueError(f"unknown type of responder: write one of {', '.join(_TYPES)}")
        return self

    def each(self, texts: Texts) -> Iterator[dict[str, object]]:
        found = filled(**{name: texts(text) for name, text in self})
        if found.get("type") != "teams":
            if found.keys() - {"type"}:
                yield found
            return
        for team in _words(str(found.get("name", ""))):
            yield {"name": team, "type": "team"}


class Opsgenie(HttpNotifier):
    """Creates an alert, and closes it when its group is resolved (Alert API v2). The alias is
    the group's, so an alert is there once."""

    inherits: ClassVar[Mapping[str, str]] = {
        **HttpNotifier.inherits,
        "api_key": "opsgenie_api_key",
        "api_key_file": "opsgenie_api_key_file",
        "api_url": "opsgenie_api_url",
    }
    misplaced: ClassVar[Mapping[str, str]] = {
        "url": "write it as api_url",
        "teams": "write it under responders, with the type teams",
        "title": "write it as message",
    }

    api_key: HeldSecret = None
    """That of an API integration; may hold templates."""
    api_key_file: File = None
    """A file that holds it instead."""
    api_url: PlainUrl = "https://api.opsgenie.com/"
    """In the EU it is `https://api.eu.opsgenie.com/`."""
    message: TemplateText = '{{ template "opsgenie.default.message" . }}'
    """At most 130 characters are sent."""
    description: TemplateText = '{{ template "opsgenie.default.description" . }}'
    """At most 15,000 characters are sent."""
    source: TemplateText = '{{ template "opsgenie.default.source" . }}'
    """Where the alert comes from."""
    details: Keyed[TemplateText] = {}
    """Beside the labels that all alerts have in common."""
    responders: Many[Responder] = []
    tags: TemplateText = ""
    """With commas between them."""
    note: TemplateText = ""
    """A remark on the alert."""
    priority: TemplateText = ""
    """P1 to P5."""
    update_alerts: Flag = False
    """Whether message and description of an alert that is there already are changed."""
    entity: TemplateText = ""
    """What the alert is about, such as the name of a machine."""
    actions: TemplateText = ""
    """With commas between them."""

    @model_validator(mode="after")
    def _one_key(self) -> "Opsgenie":
        at_most_one(self, "api_key", "api_key_file")
        required(self, "api_key", "api_key_file")
        return self

    @property
    def takes_key(self) -> bool:
        return True

    @property
    def target(self) -> str:
        return f"opsgenie {self.api_url}"

    def calls(self, notice: Notice, key: str, texts: Texts) -> Sequence[Call]:
        api_key = texts(revealed_text(in_file(self.api_key_file) or self.api_key))
        signed = ("Authorization", f"GenieKey {api_key}")
        return [
            json_call(f"{self.api_url.rstrip('/')}/v2/alerts{path}", body, signed, method=method)
            for method, path, body in self._steps(notice, texts)
        ]

    def _steps(
        self, notice: Notice, texts: Texts
    ) -> Iterator[tuple[str, str, Mapping[str, object]]]:
        alias, by_alias = group_hash(notice), "?identifierType=alias"
        if not notice.firing:
            yield "POST", f"/{alias}/close{by_alias}", {"source": texts(self.source)}
            return
        message = cut(texts(self.message), _MOST_MESSAGE)
        description = cut(texts(self.description), _MOST_DESCRIPTION)
        yield "POST", "", self._alert(alias, message, description, texts)
        if self.update_alerts:
            yield "PUT", f"/{alias}/message{by_alias}", {"message": message}
            said = {"description": description}
            yield "PUT", f"/{alias}/description{by_alias}", said

    def _alert(self, alias: str, message: str, description: str, texts: Texts) -> dict[str, Any]:
        common = texts.data.fields["CommonLabels"]
        assert isinstance(common, dict)
        details = {name: texts(text) for name, text in self.details.items()}
        return {
            "alias": alias,
            "message": message,
            "details": {**common, **details},
            "source": texts(self.source),
            **filled(
                description=description,
                responders=[made for each in self.responders for made in each.each(texts)],
                tags=_words(texts(self.tags)),
                note=texts(self.note),
                priority=texts(self.priority),
                entity=texts(self.entity),
                actions=_words(texts(self.actions)),
            ),
        }


def _words(text: str) -> list[str]:
    return [word for word in text.strip().split(",") if word]
