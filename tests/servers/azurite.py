"""Microsoft's emulator of Azure Blob Storage on a free loopback port, with an empty container."""

import base64
import contextlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import httpx2

from tests.requirement import needs_program
from tests.servers.loopback import free_port
from tests.servers.process import accepts, running

ACCOUNT = "keeper"
KEY = base64.b64encode(b"azure-s3cret-key" * 4).decode()
_VERSION = "2021-08-06"


@dataclass(frozen=True)
class Azurite:
    """A running server. It forgets everything when the block ends."""

    port: int

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    def make(self, container: str) -> None:
        """An empty container."""
        moment = format_datetime(datetime.now(UTC), usegmt=True)
        named = f"x-ms-date:{moment}\nx-ms-version:{_VERSION}"
        text = "PUT" + "\n" * 12 + f"{named}\n/{ACCOUNT}/{ACCOUNT}/{container}\nrestype:container"
        digest = hmac.digest(base64.b64decode(KEY), text.encode(), "sha256")
        signature = base64.b64encode(digest).decode()
        headers = {"x-ms-date": moment, "x-ms-version": _VERSION}
        headers["authorization"] = f"SharedKey {ACCOUNT}:{signature}"
        url = f"{self.endpoint}/{container}?restype=container"
        httpx2.put(url, headers=headers).raise_for_status()


@contextlib.contextmanager
def azurite(directory: Path) -> Iterator[Azurite]:
    """Start a server."""
    server = Azurite(free_port())
    argv = [needs_program("azurite-blob", "nodejs, then npm install --global azurite")]
    argv += ["--blobHost", "127.0.0.1", "--blobPort", str(server.port), "--inMemoryPersistence"]
    # The client may be of a newer version of the API than the emulator.
    argv += ["--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    accounts = {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"}
    with running(argv, directory, lambda: accepts(server.port), environment=accounts):
        yield server
