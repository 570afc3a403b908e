"""`pagerduty_configs`: an incident of PagerDuty, opened and resolved."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field, model_validator

from opsbook.alerts.model import Notice
from opsbook.alerts.notifier import NotSentError
from opsbook.alerts.sending.address import PlainUrl, required, revealed_text
from opsbook.alerts.sending.cut import cut
from opsbook.alerts.sending.exchange import Call, Reply
from opsbook.alerts.sending.http_notifier import HttpNotifier, filled, json_call
from opsbook.alerts.sending.texts import TemplateText, Texts, group_hash
from opsbook.book.model import Section
from opsbook.metrics.scraping.notation import File, Keyed, Many
from opsbook.metrics.scraping.secret import HeldSecret, at_most_one, in_file

_MOST_SUMMARY = 1024
_MOST_BYTES = 512_000
_DETAILS = {
    "firing": '{{ template "pagerduty.default.instances" .Alerts.Firing }}',
    "resolved": '{{ template "pagerduty.default.instances" .Alerts.Resolved }}',
    "num_firing": "{{ .Alerts.Firing | len }}",
    "num_resolved": "{{ .Alerts.Resolved | len }}",
}
_LEFT_OUT = {"error": "left out: with the details the event is larger than PagerDuty takes"}


class Image(Section):
    """A picture in the incident; one without `src` is left out."""

    src: TemplateText = ""
    """Where the picture is."""
    alt: TemplateText = ""
    """For those who do not see it."""
    href: TemplateText = ""
    """Where it leads."""


class Link(Section):
    """A link in the incident; one without `href` is left out."""

    href: TemplateText = ""
    """Where it leads."""
    text: TemplateText = ""
    """What people read of it."""


class PagerDuty(HttpNotifier):
    """Sends events (Events API v2, or v1 with a `service_key`). Events of one group have one
    key, so an incident is opened once, and resolved when the group is."""

    v1_url: ClassVar[str] = "https://events.pagerduty.com/generic/2010-04-15/create_event.json"
    inherits: ClassVar[Mapping[str, str]] = {**HttpNotifier.inherits, "url": "pagerduty_url"}
    misplaced: ClassVar[Mapping[str, str]] = {
        "integration_key": "write it as routing_key",
        "api_url": "write it as url",
        "summary": "write it as description",
        "title": "write it as description",
        "custom_details": "write it as details",
    }

    routing_key: HeldSecret = None
    """The integration key of Events API v2; may hold templates."""
    routing_key_file: File = None
    """A file that holds it instead."""
    service_key: HeldSecret = None
    """The integration key of the type Prometheus; may hold templates."""
    service_key_file: File = None
    """A file that holds it instead."""
    url: PlainUrl = "https://events.pagerduty.com/v2/enqueue"
    """Where events of v2 go."""
    client: TemplateText = '{{ template "pagerduty.default.client" . }}'
    """Who has noticed it."""
    client_url: TemplateText = '{{ template "pagerduty.default.clientURL" . }}'
    """Where the client's name leads."""
    description: TemplateText = '{{ template "pagerduty.default.description" .}}'
    """At most 1024 characters are sent."""
    severity: TemplateText = "error"
    """critical, error, warning or info."""
    source: TemplateText = ""
    """What is affected; the client if not given."""
    details: Keyed[TemplateText] = {}
    """Beside those that always are there: firing, resolved, num_firing, num_resolved."""
    images: Many[Image] = []
    links: Many[Link] = []
    component: TemplateText = ""
    """The part of the source that is to blame."""
    group: TemplateText = ""
    """What the component belongs to."""
    class_: TemplateText = Field("", alias="class")
    """What sort of event it is."""

    @model_validator(mode="after")
    def _one_key(self) -> "PagerDuty":
        names = ("routing_key", "routing_key_file", "service_key", "service_key_file")
        at_most_one(self, *names)
        required(self, *names)
        return self

    @property
    def takes_key(self) -> bool:
        return True

    @property
    def target(self) -> str:
        return f"pagerduty {self.v1_url if self._is_v1 else self.url}"

    @property
    def _is_v1(self) -> bool:
        return bool(self.service_key or self.service_key_file)

    def calls(self, notice: Notice, key: str, texts: Texts) -> Sequence[Call]:
        key_file, held = self.routing_key_file, self.routing_key
        if self._is_v1:
            key_file, held = self.service_key_file, self.service_key
        secret = texts(revealed_text(in_file(key_file) or held))
        if not secret:
            name = "service_key" if self._is_v1 else "routing_key"
            raise NotSentError(f"{self.target}: the {name} is empty", permanent=True)
        details = {name: texts(text) for name, text in {**_DETAILS, **self.details}.items()}
        make, url = (self._v1, self.v1_url) if self._is_v1 else (self._v2, self.url)
        call = json_call(url, make(notice, secret, details, texts))
        if len(call.body) > _MOST_BYTES:
            call = json_call(url, make(notice, secret, _LEFT_OUT, texts))
        return [Call(call.url, call.body, call.headers, secrets=(secret,))]

    def _v2(
        self, notice: Notice, secret: str, details: Mapping[str, str], texts: Texts
    ) -> dict[str, Any]:
        client = texts(self.client)
        payload = {
            "summary": cut(texts(self.description), _MOST_SUMMARY),
            "source": texts(self.source) if self.source else client,
            "severity": texts(self.severity) or "error",
            "custom_details": details,
            **filled(
                component=texts(self.component),
                group=texts(self.group),
                **{"class": texts(self.class_)},
            ),
        }
        return {
            "routing_key": secret,
            "dedup_key": group_hash(notice),
            "event_action": _action(notice),
            "payload": payload,
            **filled(
                client=client,
                client_url=texts(self.client_url),
                images=_each(self.images, "src", texts),
                links=_each(self.links, "href", texts),
            ),
        }

    def _v1(
        self, notice: Notice, secret: str, details: Mapping[str, str], texts: Texts
    ) -> dict[str, Any]:
        message: dict[str, Any] = {
            "service_key": secret,
            "incident_key": group_hash(notice),
            "event_type": _action(notice),
            "description": cut(texts(self.description), _MOST_SUMMARY),
            "details": details,
        }
        if notice.firing:
            message |= filled(client=texts(self.client), client_url=texts(self.client_url))
        return message

    def judge(self, reply: Reply) -> None:
        """The first API says 403 to who asks too often."""
        if self._is_v1 and reply.status == 403:
            raise reply.refusal(self.target, temporary=True)
        super().judge(reply)


def _action(notice: Notice) -> str:
    return "trigger" if notice.firing else "resolve"


def _each(items: Sequence[Section], needed: str, texts: Texts) -> list[dict[str, str]]:
    made = [{name: texts(text) for name, text in item} for item in items]
    return [item for item in made if item[needed]]
