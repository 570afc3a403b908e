"""`sns_configs`: a message of Amazon's Simple Notification Service."""

import asyncio
import os
import re
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from pydantic import PrivateAttr, model_validator

from opsbook.alerts.model import Notice
from opsbook.alerts.notifier import Delivery, NotSentError
from opsbook.alerts.sending.aws_role import role_keys
from opsbook.alerts.sending.cut import cut, cut_bytes
from opsbook.alerts.sending.exchange import Call, Reply
from opsbook.alerts.sending.http_notifier import HttpNotifier
from opsbook.alerts.sending.sections import Blank
from opsbook.alerts.sending.sigv4 import FORM, Keys, SigV4, signed
from opsbook.alerts.sending.texts import TemplateText, Texts, group_hash
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.core.errors import BadInputError
from opsbook.metrics.scraping.notation import Keyed

_MOST_SUBJECT, _MOST_SMS, _MOST_BYTES = 100, 1600, 256 * 1024
_BUSY = re.compile(rb"<Code>(Throttl\w+|RequestLimitExceeded|ServiceUnavailable|InternalError)</")


class Sns(HttpNotifier):
    """Publishes to a topic, a phone or an app (Signature Version 4). A topic of the kind FIFO
    shows a notice once that is sent twice."""

    misplaced: ClassVar[Mapping[str, str]] = {
        "region": "write it under sigv4",
        "access_key": "write it under sigv4",
        "topic": "write it as topic_arn",
        "text": "write it as message",
    }

    sts_url: ClassVar[str] = "https://sts.{region}.amazonaws.com/"
    """Where roles are taken on."""

    api_url: TemplateText = ""
    """The region's own address if not given."""
    sigv4: Annotated[SigV4, Blank] = SigV4()
    topic_arn: TemplateText = ""
    """A topic; this, a phone or an app."""
    phone_number: TemplateText = ""
    """As +15551234567."""
    target_arn: TemplateText = ""
    """An app on a phone."""
    subject: TemplateText = '{{ template "sns.default.subject" .}}'
    """At most 100 characters are sent."""
    message: TemplateText = '{{ template "sns.default.message" .}}'
    """At most 256 KiB are sent, and 1600 characters to a phone."""
    attributes: Keyed[TemplateText] = {}
    """Name → value, by which subscribers can choose."""

    _role: tuple[Keys, float] = PrivateAttr(default=(Keys("", ""), 0.0))
    """The role's keys, and when to ask again in seconds since 1970."""

    @model_validator(mode="after")
    def _one_place(self) -> "Sns":
        given = [
            name for name in ("topic_arn", "phone_number", "target_arn") if getattr(self, name)
        ]
        if len(given) != 1:
            raise ValueError("it goes to one place: give topic_arn, phone_number or target_arn")
        return self

    @property
    def takes_key(self) -> bool:
        return self.topic_arn.endswith(".fifo")

    @property
    def target(self) -> str:
        return f"sns {self.topic_arn or self.target_arn or self.phone_number}"

    async def send(self, notice: Notice, key: str, templates: NoticeTemplates) -> Delivery:
        if self.sigv4.role_arn and time.time() >= self._role[1]:
            try:
                await self._take_on_role()
            except BadInputError as error:
                raise NotSentError(f"{self.target}: {error}", permanent=True) from None
        return await super().send(notice, key, templates)

    async def _take_on_role(self) -> None:
        region = self._region(self.topic_arn or self.target_arn)
        url = self.sts_url.format(region=region)
        keys = await asyncio.to_thread(self.sigv4.keys)
        role, route = self.sigv4.role_arn, self.route(url)
        self._role = await role_keys(keys, role, url, region, route, self.within())

    def calls(self, notice: Notice, key: str, texts: Texts) -> Sequence[Call]:
        place = texts(self.topic_arn or self.target_arn)
        region = self._region(place)
        url = texts(self.api_url) or f"https://sns.{region}.amazonaws.com/"
        keys = self._role[0] if self.sigv4.role_arn else self.sigv4.keys()
        form = {"Action": "Publish", "Version": "2010-03-31", **self._message(key, notice, texts)}
        body = urlencode(form, errors="replace").encode()
        headers = signed(keys, url, body, FORM, region, "sns")
        return [Call(url, body, headers, secrets=_secrets(keys))]

    def _message(self, key: str, notice: Notice, texts: Texts) -> dict[str, str]:
        text = texts(self.message)
        short = cut(text, _MOST_SMS) if self.phone_number else cut_bytes(text, _MOST_BYTES)
        attributes = {name: texts(value) for name, value in self.attributes.items()}
        if short != text:
            attributes["truncated"] = "true"
        form = {
            "TopicArn": texts(self.topic_arn),
            "TargetArn": texts(self.target_arn),
            "PhoneNumber": texts(self.phone_number),
            "Subject": cut(" ".join(texts(self.subject).split()), _MOST_SUBJECT),
            "Message": short,
        }
        for number, (name, value) in enumerate(sorted(attributes.items()), start=1):
            entry = f"MessageAttributes.entry.{number}"
            form[f"{entry}.Name"] = name
            form[f"{entry}.Value.DataType"] = "String"
            form[f"{entry}.Value.StringValue"] = value
        if form["TopicArn"].endswith(".fifo"):
            form["MessageDeduplicationId"] = key
            form["MessageGroupId"] = group_hash(notice)
        return {name: value for name, value in form.items() if value}

    def _region(self, place: str) -> str:
        named = place.split(":")[3:4]
        region = self.sigv4.region or "".join(named) or os.environ.get("AWS_REGION", "")
        if not region:
            raise BadInputError("no region of AWS: write it as region under sigv4")
        return region

    def judge(self, reply: Reply) -> None:
        """AWS says 400 to who asks too often."""
        if not reply.good and _BUSY.search(reply.body):
            raise reply.refusal(self.target, temporary=True)
        super().judge(reply)


def _secrets(keys: Keys) -> tuple[str, ...]:
    return (keys.access_key, keys.secret_key, keys.token)
