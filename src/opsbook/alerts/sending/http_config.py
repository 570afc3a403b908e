"""How a receiver is asked over HTTP: Alertmanager's `http_config`."""

from typing import Annotated

from pydantic import AfterValidator, model_validator

from opsbook.alerts.sending.oauth2 import OAuth2
from opsbook.alerts.sending.proxy import ProxyConfig
from opsbook.book.model import Section
from opsbook.metrics.scraping.client import ClientConfig
from opsbook.metrics.scraping.notation import File, Flag, Keyed, Many, Text
from opsbook.metrics.scraping.secret import HeldSecret, at_most_one, in_file

_OURS = {
    *("authorization", "host", "user-agent", "connection", "keep-alive", "te", "trailer"),
    *("content-encoding", "content-length", "content-type", "transfer-encoding", "upgrade"),
    *("accept-encoding", "proxy-authorization", "proxy-authenticate", "www-authenticate"),
    "idempotency-key",
}
"""Headers that are not to be set by hand."""


class HeaderValues(Section):
    """What one header holds; several values are sent as several headers."""

    values: Many[Text] = []
    """As they are."""
    secrets: Many[HeldSecret] = []
    """Values that are not to be shown."""
    files: Many[File] = []
    """Files that hold a value each."""

    def revealed(self) -> list[str]:
        """Raises BadInputError for what is missing."""
        secrets = [*self.secrets, *map(in_file, self.files)]
        return [*self.values, *(secret.reveal() for secret in secrets if secret is not None)]


def _free(headers: dict[str, HeaderValues]) -> dict[str, HeaderValues]:
    taken = [name for name in headers if name.lower() in _OURS]
    if taken:
        raise ValueError(f"the header {taken[0]} is set by Opsbook itself: remove it")
    return headers


class HttpConfig(ClientConfig, ProxyConfig):
    """Credentials, TLS, proxies and headers."""

    oauth2: OAuth2 | None = None
    """A token that is asked for before."""
    enable_http2: Flag = True
    """Whether HTTP/2 may be spoken where the server offers it under TLS."""
    http_headers: Annotated[Keyed[HeaderValues], AfterValidator(_free)] = {}

    @model_validator(mode="after")
    def _one_authorization(self) -> "HttpConfig":
        at_most_one(
            self, "oauth2", "basic_auth", "authorization", "bearer_token", "bearer_token_file"
        )
        return self

    def headers(self) -> list[tuple[str, str]]:
        """What is sent with each request, but for what oauth2 gives. Reads files; raises
        BadInputError for a secret that is missing."""
        found = [
            (name, value)
            for name, values in self.http_headers.items()
            for value in values.revealed()
        ]
        authorization = self.authorization_header()
        return [*found, ("Authorization", authorization)] if authorization else found
