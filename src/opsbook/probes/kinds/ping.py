"""`ping`: a host answers ICMP echoes (RFC 792, RFC 4443), over IPv4 or IPv6."""

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from opsbook.book.fields import Duration, Size
from opsbook.probes.explain import explain
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError, ProbeUnknownError

_APART = 0.1
"""Seconds between two echoes: routers limit the rate of what they answer."""
_HEADER = struct.Struct("!BBHHH")
"""Type, code, checksum, identifier, sequence number; the same in ICMP and ICMPv6."""


class Ping(Probe):
    """Sends ICMP echoes; several of them also measure how many are lost."""

    host: str
    """Host name or address."""
    count: int = Field(default=1, ge=1, le=100)
    """How many echoes to send, a tenth of a second apart."""
    size: Size = Field(default=56, ge=8, le=65_000)
    """Payload of an echo."""
    wait: Duration = Field(default=1.0, gt=0)
    """How long to wait for the last of several answers before what is missing counts as
    lost. A single answer is waited for until the look's own deadline."""

    measures: ClassVar[Mapping[str, str]] = {
        "rtt_seconds": "mean time from an echo to its answer",
        "slowest_seconds": "longest time from an echo to its answer",
        "lost_percent": "echoes that were not answered",
        "address": "the address that was asked",
    }

    @property
    def subject(self) -> str:
        return self.host

    async def look(self) -> Measurements:
        family, address = await self._resolved()
        measurements: Measurements = {"address": address[0]}
        with self._socket(family) as sock:
            try:
                sock.connect(address)
            except OSError as error:
                why = f"cannot send to {self.subject}: {explain(error)}"
                raise ProbeFailedError(why, measurements) from None
            echoes = _Echoes(sock, self.count, self.size)
            try:
                await self._exchange(echoes)
            finally:
                echoes.close()
        measurements["lost_percent"] = 100.0 * (self.count - len(echoes.times)) / self.count
        if not echoes.times:
            sent = f"{self.count} echoes" if self.count > 1 else "the echo"
            why = f"{self.subject} did not answer {sent}: {echoes.trouble or 'silence'}"
            raise ProbeFailedError(why, measurements)
        measurements["rtt_seconds"] = sum(echoes.times.values()) / len(echoes.times)
        measurements["slowest_seconds"] = max(echoes.times.values())
        return measurements

    async def _exchange(self, echoes: "_Echoes") -> None:
        for sequence in range(self.count):
            if sequence:
                await asyncio.sleep(_APART)
            echoes.send(sequence)
        try:
            async with asyncio.timeout(self.wait if self.count > 1 else None):
                await echoes.settled
        except TimeoutError:
            return

    async def _resolved(self) -> tuple[int, Any]:
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self.host, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError) as error:
            raise ProbeFailedError(f"cannot resolve {self.subject}: {explain(error)}") from None
        family, _, _, _, address = found[0]
        return family, address

    def _socket(self, family: int) -> socket.socket:
        """A datagram socket needs no privilege where the kernel allows it, a raw one does."""
        protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
        for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
            try:
                return socket.socket(family, kind | socket.SOCK_NONBLOCK, protocol)
            except OSError as error:
                refusal = error
        hint = ""
        if isinstance(refusal, PermissionError):
            hint = (
                "; let the kernel allow it to this process's group (sysctl "
                "net.ipv4.ping_group_range) or give the process CAP_NET_RAW"
            )
        raise ProbeUnknownError(f"cannot ping {self.subject}: {explain(refusal)}{hint}")


class _Echoes:
    """The echoes of one look: what was sent, and how long each answer took."""

    def __init__(self, sock: socket.socket, count: int, size: int) -> None:
        self.times: dict[int, float] = {}
        """Sequence number → seconds until the answer."""
        self.trouble: str | None = None
        """What the kernel or a router said instead of an answer."""
        self._loop = asyncio.get_running_loop()
        self.settled: asyncio.Future[None] = self._loop.create_future()
        """Done when each echo has its answer or its error."""
        self._sock = sock
        self._count = count
        self._errors = 0
        self._sent: dict[int, float] = {}
        self._raw = sock.type == socket.SOCK_RAW
        self._ip4 = sock.family == socket.AF_INET
        self._request, self._reply = (8, 0) if self._ip4 else (128, 129)
        # The kernel sets the identifier of a datagram socket's echoes: it is its port.
        self._identifier = secrets.randbelow(65_536) if self._raw else sock.getsockname()[1]
        # Random, so that nobody else's echo, and none of an earlier look, can pass for ours.
        self._payload = secrets.token_bytes(size)
        self._loop.add_reader(sock, self._receive)

    def send(self, sequence: int) -> None:
        bare = _HEADER.pack(self._request, 0, 0, self._identifier, sequence)
        # In ICMPv6 the checksum covers the addresses, so the kernel fills it in.
        checksum = _checksum(bare + self._payload) if self._ip4 else 0
        header = _HEADER.pack(self._request, 0, checksum, self._identifier, sequence)
        self._sent[sequence] = time.perf_counter()
        try:
            self._sock.send(header + self._payload)
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        self._loop.remove_reader(self._sock)
        self.settled.cancel()

    def _receive(self) -> None:
        """Take one packet; the rest waits for the loop's next turn, so no flood can hold it."""
        now = time.perf_counter()
        try:
            packet = self._sock.recv(65_536)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(error)
            return
        sequence = self._answered(packet)
        if sequence is not None and sequence not in self.times:
            self.times[sequence] = now - self._sent[sequence]
            self._settle()

    def _answered(self, packet: bytes) -> int | None:
        """The sequence number that this answers, if it answers one of ours."""
        if self._raw and self._ip4:
            packet = packet[(packet[0] & 15) * 4 :] if packet else packet
        if len(packet) < _HEADER.size or packet[_HEADER.size :] != self._payload:
            return None
        kind, _, _, identifier, sequence = _HEADER.unpack_from(packet)
        ours = kind == self._reply and identifier == self._identifier
        return sequence if ours and sequence in self._sent else None

    def _fail(self, error: OSError) -> None:
        self.trouble = explain(error)
        self._errors += 1
        self._settle()

    def _settle(self) -> None:
        if len(self.times) + self._errors >= self._count and not self.settled.done():
            self.settled.set_result(None)


def _checksum(message: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    padded = message + b"\0" * (len(message) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total
