"""`tcp`: a port accepts connections, and may have to greet."""

import asyncio
import time
from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from opsbook.probes.explain import explain
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError


class Tcp(Probe):
    """Connects to a TCP port; with `greeting`, also waits for the server's first words."""

    host: str
    """Host name or address."""
    port: int = Field(ge=1, le=65_535)
    send: str | None = None
    """Text to send once connected."""
    greeting: bool = False
    """Whether to read the first line that the server sends."""

    measures: ClassVar[Mapping[str, str]] = {
        "connect_seconds": "time until the connection stood",
        "greeting": "the first line that the server sent, at most 500 characters",
    }

    @property
    def subject(self) -> str:
        return f"{self.host}:{self.port}"

    async def look(self) -> Measurements:
        started = time.perf_counter()
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port, limit=2**16)
        except OSError as error:
            raise ProbeFailedError(f"cannot connect to {self.subject}: {explain(error)}") from None
        measurements: Measurements = {"connect_seconds": time.perf_counter() - started}
        try:
            if self.send is not None:
                writer.write(self.send.encode())
            if self.greeting:
                measurements["greeting"] = await self._first_line(reader, measurements)
        finally:
            writer.transport.abort()
        return measurements

    async def _first_line(self, reader: asyncio.StreamReader, measured: Measurements) -> str:
        try:
            line = await reader.readline()
        except (OSError, ValueError) as error:
            what = "a line without an end" if isinstance(error, ValueError) else str(error)
            raise ProbeFailedError(f"{self.subject} sent {what}", measured) from None
        if not line:
            raise ProbeFailedError(f"{self.subject} closed without a greeting", measured)
        return line.decode("utf-8", errors="replace").strip()
