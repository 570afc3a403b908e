"""`webhook_configs`: a program of yours is told in JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import model_validator

from opsbook.alerts.model import Notice
from opsbook.alerts.sending.address import HeldUrl, required, revealed_text, shown
from opsbook.alerts.sending.exchange import Call
from opsbook.alerts.sending.http_notifier import HttpNotifier
from opsbook.alerts.sending.texts import Texts
from opsbook.alerts.templates.language.values import Struct
from opsbook.alerts.templates.layouts import RFC3339
from opsbook.alerts.templates.notice_data import NoticeData
from opsbook.alerts.templates.times import Time
from opsbook.metrics.scraping.notation import Count, File, Flag, Interval
from opsbook.metrics.scraping.secret import at_most_one, in_file

_VERSION = "4"
_SHOWN = (
    *("receiver", "status", "alerts", "groupLabels", "commonLabels", "commonAnnotations"),
    "externalURL",
)


class Webhook(HttpNotifier):
    """Posts Alertmanager's JSON, version 4, with the header `Idempotency-Key`."""

    again_if_lost: ClassVar[bool] = True
    misplaced: ClassVar[Mapping[str, str]] = {
        "webhook_url": "write it as url",
        "api_url": "write it as url",
        "headers": "write them under http_config, as http_headers",
        "basic_auth": "write it under http_config",
    }

    url: HeldUrl = None
    """Where to post; may hold templates."""
    url_file: File = None
    """A file that holds it instead."""
    max_alerts: Count = 0
    """At most so many alerts in one notice; 0 for all of them."""
    timeout: Interval = None
    """For an answer, at most 25s, which holds if nothing is given."""
    idempotent: Flag = False
    """Whether your program shows two posts with one `Idempotency-Key` once: then a post that may
    have arrived is sent again. Opsbook's own key."""

    @model_validator(mode="after")
    def _one_url(self) -> "Webhook":
        at_most_one(self, "url", "url_file")
        required(self, "url", "url_file")
        return self

    @property
    def takes_key(self) -> bool:
        return self.idempotent

    @property
    def target(self) -> str:
        return f"webhook {shown(self.url, self.url_file)}"

    def within(self) -> float:
        return min(self.timeout or self.patience, self.patience)

    def calls(self, notice: Notice, key: str, texts: Texts) -> Sequence[Call]:
        url = texts(revealed_text(in_file(self.url_file) or self.url))
        headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)]
        body = json.dumps(self._message(notice), ensure_ascii=False)
        return [Call(url, body.encode("utf-8", "replace"), headers)]

    def _message(self, notice: Notice) -> dict[str, Any]:
        shown = notice.alerts[: self.max_alerts or None]
        left_out = len(notice.alerts) - len(shown)
        whole = _json(NoticeData.of(replace(notice, alerts=shown)))
        return {
            **{name: whole[name] for name in _SHOWN},
            "version": _VERSION,
            "groupKey": notice.group_key,
            "truncatedAlerts": notice.truncated + left_out,
        }


def _json(value: object) -> Any:
    """What `toJson` of a template would write, without its limit: a storm is told as a whole."""
    match value:
        case Time():
            return value.format(RFC3339)
        case Struct():
            return {value.json_name(name): _json(each) for name, each in value.fields.items()}
        case list():
            return [_json(each) for each in value]
    return value
