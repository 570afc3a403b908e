"""The base of notifiers that speak HTTP: what is asked is the kind's own, the rest is here."""

import asyncio
import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar

from opsbook.alerts.model import Notice
from opsbook.alerts.notifier import Delivery, Notifier, NotSentError
from opsbook.alerts.sending.exchange import Call, Reply, Route, exchange
from opsbook.alerts.sending.http_config import HttpConfig
from opsbook.alerts.sending.sections import Blank
from opsbook.alerts.sending.texts import Texts
from opsbook.alerts.templates.notices import NoticeTemplates
from opsbook.core.errors import BadInputError


class HttpNotifier(Notifier):
    """Give `target` and `calls`; `judge` where the status alone does not tell."""

    patience: ClassVar[float] = 25.0
    """Seconds for an answer: less than the outbox allows, so that it is known here whether the
    request had left."""
    again_if_lost: ClassVar[bool] = False
    """Whether a notice is sent again whose answer was lost."""
    inherits: ClassVar[Mapping[str, str]] = {"http_config": "http_config"}

    http_config: Annotated[HttpConfig, Blank] = HttpConfig()
    """How the receiver is asked."""

    @abstractmethod
    def calls(self, notice: Notice, key: str, texts: Texts) -> Sequence[Call]:
        """What to ask, one after the other. May block; raises TemplateError, and BadInputError
        for a secret that is missing."""

    def judge(self, reply: Reply) -> None:
        """Raises NotSentError if the answer is no yes."""
        if not reply.good:
            raise reply.refusal(self.target)

    def within(self) -> float:
        """Seconds for an answer."""
        return self.patience

    def route(self, url: str) -> Route:
        """How the server of a URL is reached. Raises BadInputError for a missing secret."""
        config = self.http_config
        proxy = config.proxy_to(url)
        return Route(config.tls_config, proxy, config.follow_redirects, config.enable_http2)

    async def send(self, notice: Notice, key: str, templates: NoticeTemplates) -> Delivery:
        try:
            calls = await asyncio.to_thread(self._composed, notice, key, templates)
            replies = [await self._asked(call) for call in calls]
        except BadInputError as error:
            raise NotSentError(f"{self.target}: {error}", permanent=True) from None
        return Delivery(str(replies[-1]))

    def _composed(self, notice: Notice, key: str, templates: NoticeTemplates) -> Sequence[Call]:
        return self.calls(notice, key, Texts(notice, templates))

    async def _asked(self, call: Call) -> Reply:
        config = self.http_config
        headers = await asyncio.to_thread(config.headers)
        if config.oauth2 is not None:
            token = await config.oauth2.authorization(self.within())
            headers.append(("Authorization", token))
        signed = {name.lower() for name, _ in call.headers}
        # What a kind says of itself, such as its own Authorization, stands.
        own = [(name, value) for name, value in headers if name.lower() not in signed]
        secrets = [*call.secrets, *(value for _, value in own)]
        whole = Call(call.url, call.body, [*call.headers, *own], call.method, secrets)
        try:
            reply = await exchange(whole, self.route(call.url), self.target, self.within())
        except NotSentError as error:
            error.uncertain = error.uncertain and not self.again_if_lost
            raise
        self.judge(reply)
        return reply


def json_call(url: str, payload: object, *headers: tuple[str, str], method: str = "POST") -> Call:
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8", "replace")
    return Call(url, body, [("Content-Type", "application/json"), *headers], method)


def filled(**fields: object) -> dict[str, object]:
    """Without what is empty."""
    return {name: value for name, value in fields.items() if value not in ("", None, [], {}, False)}
