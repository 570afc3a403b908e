"""Tokens by the grant of client credentials (RFC 6749, 4.4)."""

import json
import time
from base64 import b64encode
from typing import Annotated
from urllib.parse import quote_plus, urlencode

from pydantic import PrivateAttr, model_validator

from opsbook.alerts.notifier import NotSentError
from opsbook.alerts.sending.address import PlainUrl, origin, revealed_text
from opsbook.alerts.sending.exchange import Call, Reply, Route, prepared
from opsbook.alerts.sending.proxy import ProxyConfig
from opsbook.alerts.sending.sections import Blank
from opsbook.metrics.scraping.notation import File, Keyed, Many, Text
from opsbook.metrics.scraping.secret import HeldSecret, at_most_one, in_file
from opsbook.metrics.scraping.tls import TlsConfig

_EARLY = 10.0
"""Seconds before its end at which a token is not used any more."""


class OAuth2(ProxyConfig):
    """Who we are to the server that gives tokens. A token is kept until it ends."""

    client_id: Text
    """As whom."""
    client_secret: HeldSecret = None
    """What proves it."""
    client_secret_file: File = None
    """A file that holds it instead."""
    scopes: Many[Text] = []
    """What the token is to allow."""
    token_url: PlainUrl
    """Where tokens are given."""
    endpoint_params: Keyed[Text] = {}
    """More to say when a token is asked for."""
    tls_config: Annotated[TlsConfig, Blank] = TlsConfig()

    _token: tuple[str, float] = PrivateAttr(default=("", 0.0))
    """The `Authorization` header, and when it ends in monotonic seconds."""

    @model_validator(mode="after")
    def _one_secret(self) -> "OAuth2":
        at_most_one(self, "client_secret", "client_secret_file")
        return self

    async def authorization(self, within: float) -> str:
        """The `Authorization` header's value. Raises NotSentError, and BadInputError for a
        secret that is missing."""
        header, until = self._token
        if time.monotonic() < until:
            return header
        secret = revealed_text(in_file(self.client_secret_file) or self.client_secret)
        place = f"the token of {origin(self.token_url)}"
        route = Route(self.tls_config, self.proxy_to(self.token_url))
        # Servers have to know the header, and some know only the other way (2.3.1).
        reply = await prepared(self._call(secret, in_header=True), route, place, within)
        if reply.status in (400, 401):
            reply = await prepared(self._call(secret, in_header=False), route, place, within)
        self._token = _read(reply, place)
        return self._token[0]

    def _call(self, secret: str, *, in_header: bool) -> Call:
        form = {"grant_type": "client_credentials", **self.endpoint_params}
        if self.scopes:
            form["scope"] = " ".join(self.scopes)
        headers = [("Content-Type", "application/x-www-form-urlencoded")]
        if in_header:
            pair = f"{quote_plus(self.client_id)}:{quote_plus(secret)}"
            headers.append(("Authorization", f"Basic {b64encode(pair.encode()).decode()}"))
        else:
            form |= {"client_id": self.client_id, "client_secret": secret}
        return Call(self.token_url, urlencode(form).encode(), headers, secrets=(secret,))


def _read(reply: Reply, place: str) -> tuple[str, float]:
    if not reply.good:
        raise reply.refusal(place)
    try:
        answer = json.loads(reply.body)
        token, kind = answer["access_token"], answer.get("token_type") or "Bearer"
        lasts = float(answer.get("expires_in") or 0)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotSentError(f"{place}: the answer holds no token") from None
    kind = "Bearer" if str(kind).lower() == "bearer" else kind
    return f"{kind} {token}", time.monotonic() + lasts - _EARLY
