"""The book's `web:` — where Opsbook answers, and whom."""

from ipaddress import ip_address, ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from opsbook.book.fields import BookPath
from opsbook.book.model import Section
from opsbook.web.oidc.settings import OidcSettings

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ANY = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
_HOST = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"


def _network(value: str) -> str:
    try:
        ip_network(value)
    except ValueError:
        raise ValueError("not an address or a network: write 127.0.0.1 or 10.0.0.0/24") from None
    return value


class TlsSettings(Section):
    """Opsbook ends TLS itself. SIGHUP reads both files again."""

    certificate: BookPath
    """A PEM file: the certificate, and those between it and the root."""
    key: BookPath
    """A PEM file with its key, which only you may read."""


class ProxySettings(Section):
    """A proxy ends TLS and passes on what it is asked; nobody else is let past it."""

    trusted: Annotated[list[Annotated[str, AfterValidator(_network)]], Field(min_length=1)]
    """The addresses of the proxy, as it is seen here. What it says in `X-Forwarded-For` and
    `X-Forwarded-Proto` counts, and what others say there does not."""


class WebSettings(Section):
    """One port for everything."""

    host: str = "127.0.0.1"
    """The address to listen on. Another than loopback needs `tls` or `proxy`."""
    port: int = Field(default=7070, ge=0, le=65_535)
    """0 takes a free one."""
    prefix: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    """The path below which everything stands, such as `/opsbook`."""
    hosts: list[Annotated[str, Field(pattern=_HOST)]] = []
    """Names under which browsers reach it, besides its address; the first is in links. What is
    sent to another name is refused, since a page could have its own name lead here."""
    tls: TlsSettings | None = None
    proxy: ProxySettings | None = None
    sign_in: Literal["to-act", "always"] = "to-act"
    """Whether one has to sign in to look, too. Whatever is not loopback alone, or is behind a
    proxy, always asks for it."""
    oidc: OidcSettings | None = None

    @property
    def on_loopback(self) -> bool:
        return self.host in _LOOPBACK

    @property
    def exposed(self) -> bool:
        """Whether looking needs a viewer."""
        return not self.on_loopback or self.proxy is not None or self.sign_in == "always"

    @property
    def names(self) -> list[str]:
        """What may stand in `Host`, without a port."""
        own = [] if self.host in _ANY else [bracketed(self.host)]
        return ["127.0.0.1", "localhost", "[::1]", *own, *self.hosts]

    @property
    def near(self) -> str:
        """The host to ask from the same machine."""
        if self.tls is not None and self.hosts:
            return self.hosts[0]  # what its certificate is for
        return bracketed({"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host))  # noqa: S104 - replaced


def bracketed(host: str) -> str:
    """As it stands in a URL."""
    try:
        return f"[{host}]" if ip_address(host).version == 6 else host
    except ValueError:
        return host
