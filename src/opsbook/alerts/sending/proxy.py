"""Proxies on the way to a receiver, in Alertmanager's words."""

from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit
from urllib.request import getproxies_environment

import httpx2
from pydantic import model_validator

from opsbook.book.model import Section
from opsbook.metrics.scraping.notation import Flag, Keyed, Many, Text
from opsbook.metrics.scraping.secret import HeldSecret


class ProxyConfig(Section):
    """Which proxy to ask, and for whom."""

    proxy_url: Text = ""
    """http or https."""
    no_proxy: Text = ""
    """Names, addresses and networks that are asked directly, with commas between them."""
    proxy_from_environment: Flag = False
    """Whether HTTP_PROXY, HTTPS_PROXY and NO_PROXY are heeded."""
    proxy_connect_header: Keyed[Many[HeldSecret]] = {}
    """Headers for the proxy itself."""

    @model_validator(mode="after")
    def _one_proxy(self) -> "ProxyConfig":
        if self.proxy_from_environment and (self.proxy_url or self.no_proxy):
            raise ValueError(
                "proxy_from_environment is set beside proxy_url or no_proxy: keep one way"
            )
        if self.no_proxy and not self.proxy_url:
            raise ValueError("no_proxy is set and proxy_url is not: give it, or remove no_proxy")
        if self.proxy_url and urlsplit(self.proxy_url).scheme not in ("http", "https"):
            raise ValueError("proxy_url is no URL of an HTTP proxy: write http://host:3128")
        return self

    def proxy_to(self, url: str) -> httpx2.Proxy | None:
        """Raises BadInputError where a header's secret is missing."""
        found, left_out = self.proxy_url, self.no_proxy
        if self.proxy_from_environment:
            variables = getproxies_environment()
            found, left_out = variables.get(urlsplit(url).scheme, ""), variables.get("no", "")
        careful = self.proxy_from_environment or left_out
        if not found or (careful and is_direct(url, left_out)):
            return None
        headers = [
            (name, value.reveal())
            for name, values in self.proxy_connect_header.items()
            for value in values
            if value is not None
        ]
        return httpx2.Proxy(found if "://" in found else f"http://{found}", headers=headers)


def is_direct(url: str, no_proxy: str) -> bool:
    """Whether NO_PROXY, as Go reads it, leaves the host out: `example.com` with all below it,
    `.example.com` without itself, `10.0.0.0/8`, `host:8080`, `*`. This machine never needs one.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    patterns = [word.strip().lower() for word in no_proxy.split(",") if word.strip()]
    return _is_here(host) or any(_leaves_out(pattern, host, port) for pattern in patterns)


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _leaves_out(pattern: str, host: str, port: int) -> bool:
    if pattern == "*":
        return True
    try:
        return ip_address(host) in ip_network(pattern, strict=False)
    except ValueError:
        pass
    name, colon, wanted = pattern.rpartition(":")
    if colon and wanted.isdigit():
        if int(wanted) != port:
            return False
        pattern = name
    pattern = pattern.removeprefix("*")
    bare = pattern.removeprefix(".")
    return host.endswith(f".{bare}") or (host == bare and not pattern.startswith("."))
