"""How a scrape presents itself: credentials, in Prometheus' words."""

from base64 import b64encode
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from opsbook.book.fields import revealed
from opsbook.book.model import Section
from opsbook.core.secrets import Secret
from opsbook.metrics.scraping.notation import File, Flag, Text
from opsbook.metrics.scraping.secret import HeldSecret, at_most_one, in_file
from opsbook.metrics.scraping.tls import TlsConfig


class BasicAuth(Section):
    """User and password (RFC 7617)."""

    username: Text = ""
    """As whom."""
    username_file: File = None
    """It holds the name instead."""
    password: HeldSecret = None
    password_file: File = None
    """It holds the password instead, and is read again when it changes."""

    @model_validator(mode="after")
    def _consistent(self) -> "BasicAuth":
        at_most_one(self, "username", "username_file")
        at_most_one(self, "password", "password_file")
        return self

    def header(self) -> str:
        user = revealed(in_file(self.username_file) or self.username)
        password = _revealed(in_file(self.password_file) or self.password)
        return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


class Authorization(Section):
    """The `Authorization` header: its scheme and what follows."""

    type: Text = "Bearer"
    """The scheme before the credentials."""
    credentials: HeldSecret = None
    """What follows the scheme, such as a token."""
    credentials_file: File = None
    """It holds them instead, and is read again when it changes."""

    @model_validator(mode="after")
    def _consistent(self) -> "Authorization":
        at_most_one(self, "credentials", "credentials_file")
        if self.type.strip().lower() == "basic":
            raise ValueError("the type cannot be basic: write basic_auth instead")
        return self

    def header(self) -> str:
        secret = _revealed(in_file(self.credentials_file) or self.credentials)
        return f"{self.type.strip() or 'Bearer'} {secret}"


def _no_settings(value: Any) -> Any:
    return {} if value is None else value


class ClientConfig(Section):
    """What every section that asks over HTTP can say of it."""

    basic_auth: BasicAuth | None = None
    """Name and password for `Authorization: Basic`."""
    authorization: Authorization | None = None
    """Another `Authorization` header."""
    bearer_token: HeldSecret = None
    """The old spelling of `authorization: {credentials: …}`."""
    bearer_token_file: File = None
    """The old spelling of `authorization: {credentials_file: …}`."""
    tls_config: Annotated[TlsConfig, BeforeValidator(_no_settings)] = TlsConfig()
    """Whom to trust where the scheme is https, and as whom to appear."""
    follow_redirects: Flag = True
    """Whether to go where an answer points to; credentials do not go along."""

    @model_validator(mode="after")
    def _one_way_in(self) -> "ClientConfig":
        at_most_one(self, "basic_auth", "authorization", "bearer_token", "bearer_token_file")
        return self

    def authorization_header(self) -> str | None:
        """The header's value, its secrets read now. Raises BadInputError if one is missing."""
        if self.basic_auth is not None:
            return self.basic_auth.header()
        if self.authorization is not None:
            return self.authorization.header()
        token = in_file(self.bearer_token_file) or self.bearer_token
        return None if token is None else f"Bearer {token.reveal()}"


def _revealed(secret: Secret | None) -> str:
    return "" if secret is None else secret.reveal()
