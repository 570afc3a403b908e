"""Errors in words."""

import asyncio
import errno
import os
import ssl
from pathlib import Path

import pytest

from opsbook.probes.explain import explain
from tests.servers.loopback import free_port, garbage, serving


async def test_the_system_says_why_without_its_numbers() -> None:
    with pytest.raises(OSError) as refused:
        await asyncio.open_connection("127.0.0.1", free_port())
    assert explain(refused.value) == "Connection refused"
    with pytest.raises(OSError) as missing:
        Path("/no/such/file").read_bytes()
    assert explain(missing.value) == "No such file or directory"


@pytest.mark.parametrize("hidden", [False, True])
def test_what_a_library_wraps_is_found_however_deep(hidden: bool) -> None:
    try:
        try:
            raise OSError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        except OSError as error:
            raise RuntimeError("wrapped") from (None if hidden else error)
    except RuntimeError as error:
        wrapped = error
    assert explain(wrapped) == "Connection reset by peer"


async def test_tls_failures_are_told_without_openssls_codes() -> None:
    async with serving(garbage) as port:
        with pytest.raises(ssl.SSLError) as failed:
            await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context())
    assert explain(failed.value) == "TLS failed: wrong version number"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            asyncio.IncompleteReadError(b"", 7),
            "the connection closed before the answer was complete",
        ),
        (ConnectionResetError(), "the connection closed before the answer was complete"),
        (ConnectionResetError("gone during the handshake"), "gone during the handshake"),
        (ValueError("not a number"), "not a number"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_an_error_is_never_without_words(error: Exception, words: str) -> None:
    assert explain(error) == words
