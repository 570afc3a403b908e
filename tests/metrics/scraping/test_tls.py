"""`tls_config`: connections to servers that prove who they are, and ask the same of us."""

import asyncio
import os
import ssl
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.metrics.scraping.tls import TlsConfig
from opsbook.probes.probe import ProbeUnknownError
from tests.servers.certificate import Authority
from tests.servers.loopback import Handler, serving


async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readline()
    writer.write(b"hello")
    await writer.drain()


async def greeted(config: TlsConfig, port: int) -> bytes:
    options = config.options("here", "127.0.0.1")
    reader, writer = await asyncio.open_connection("127.0.0.1", port, **options)
    try:
        writer.write(b"\n")
        return await reader.read()
    finally:
        writer.transport.abort()


def config(**settings: Any) -> TlsConfig:
    return TlsConfig.model_validate(settings, context={"plain_secrets": True})


class Pair:
    """A server's context that wants a client's certificate, and both sides' files."""

    def __init__(self, directory: Path) -> None:
        authority = Authority()
        self.ca = directory / "ca.pem"
        self.ca.write_bytes(authority.pem)
        self.client = authority.issue(directory / "client.pem", "client")
        self.server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(self.ca))
        self.server.verify_mode = ssl.CERT_REQUIRED
        self.server.load_cert_chain(authority.issue(directory / "server.pem", "127.0.0.1"))


@pytest.mark.parametrize("inline", [False, True], ids=["in files", "written out"])
async def test_both_sides_prove_who_they_are(inline: bool, tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    handler: Handler = greet
    if inline:
        pem = pair.client.read_text()
        tls = config(ca=pair.ca.read_text(), cert=pem, key=pem)
    else:
        tls = config(ca_file=pair.ca, cert_file=pair.client, key_file=pair.client)
    async with serving(handler, ssl=pair.server) as port:
        assert await greeted(tls, port) == b"hello"


async def test_a_server_that_nobody_vouches_for_is_not_asked(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.server.verify_mode = ssl.CERT_NONE
    async with serving(greet, ssl=pair.server) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await greeted(config(), port)
        assert await greeted(config(insecure_skip_verify=True), port) == b"hello"


async def test_a_server_too_old_is_not_asked(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    pair.server.verify_mode = ssl.CERT_NONE
    pair.server.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serving(greet, ssl=pair.server) as port:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await greeted(config(ca_file=pair.ca, min_version="TLS13"), port)
        assert await greeted(config(ca_file=pair.ca, max_version="TLS12"), port) == b"hello"


def test_the_name_to_prove_may_be_another_than_the_address() -> None:
    assert config().options("here", "h")["server_hostname"] == "h"
    assert config(server_name="other").options("here", "h")["server_hostname"] == "other"


def test_a_context_is_made_once_and_again_when_a_file_changes(tmp_path: Path) -> None:
    tls = config(ca_file=Pair(tmp_path).ca)
    first = tls.options("here", "h")["ssl"]
    assert tls.options("there", "h")["ssl"] is first
    os.utime(tmp_path / "ca.pem", ns=(1, 1))
    assert tls.options("here", "h")["ssl"] is not first


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ca_file": "/none.pem"}, "here: cannot use /none.pem: No such file"),
        ({"ca": "no certificate"}, "here: cannot use tls_config: "),
        ({"cert": "a", "key": "b"}, "here: cannot use tls_config: "),
    ],
)
def test_what_cannot_be_used_is_named(settings: dict[str, str], said: str) -> None:
    with pytest.raises(ProbeUnknownError, match=said):
        config(**settings).options("here", "h")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"ca": "a", "ca_file": "b"}, "both ca and ca_file are given"),
        ({"cert": "a", "cert_file": "b"}, "both cert and cert_file are given"),
        ({"key": "a", "key_file": "b"}, "both key and key_file are given"),
        ({"cert_file": "a"}, "a client's certificate and its key belong together"),
        ({"key": "a"}, "a client's certificate and its key belong together"),
        ({"min_version": "TLS13", "max_version": "TLS12"}, "min_version is above max_version"),
        ({"min_version": "TLS14"}, "Input should be 'TLS10'"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        config(**settings)
