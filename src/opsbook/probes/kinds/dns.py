"""`dns`: a name server gives the records it should."""

import asyncio
import ipaddress
import time
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, cast

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.resolver
import dns.reversename
from pydantic import AfterValidator, Field

from opsbook.probes.explain import explain
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError, ProbeUnknownError

_ANSWER_WITHIN = 2.0
"""Seconds until a query counts as lost and is sent again, to the next server if any."""


def _dns_name(text: str) -> str:
    try:
        dns.name.from_text(text)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(f"not a DNS name: {error}") from None
    return text


def _address(text: str) -> str:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        raise ValueError("not an IP address: the server is asked for names itself") from None
    return text


class Dns(Probe):
    """Asks for one name's records of one type; no such record is a failure."""

    name: Annotated[str, AfterValidator(_dns_name)]
    """The name to ask for; for PTR also an address."""
    type: Literal["A", "AAAA", "CNAME", "MX", "TXT", "NS", "SRV", "PTR", "SOA", "CAA"] = "A"
    """Type of the records to ask for."""
    server: Annotated[str, AfterValidator(_address)] | None = None
    """Address of the server to ask, instead of the system's resolvers."""
    port: int = Field(default=53, ge=1, le=65_535)
    tcp: bool = False
    """Whether to ask over TCP; over UDP, an answer that does not fit is asked for by TCP."""

    measures: ClassVar[Mapping[str, str]] = {
        "latency_seconds": "time until the answer was there",
        "answers": "number of records",
        "records": "the records as a zone file writes them, sorted, joined with commas",
        "ttl_seconds": "the shortest time to live in the answer",
        "rcode": "the server's response code, such as NOERROR or NXDOMAIN",
    }

    @property
    def subject(self) -> str:
        place = f" at {self.server}:{self.port}" if self.server else ""
        return f"{self.type} {self.name}{place}"

    async def look(self) -> Measurements:
        started = time.perf_counter()
        response = await self._ask(dns.message.make_query(self._question(), self.type))
        measured: Measurements = {
            "latency_seconds": time.perf_counter() - started,
            "rcode": dns.rcode.to_text(response.rcode()),
        }
        if response.rcode() != dns.rcode.NOERROR:
            raise ProbeFailedError(f"{self.subject}: {measured['rcode']}", measured)
        try:
            chain = response.resolve_chaining()
        except dns.exception.DNSException as error:
            raise ProbeFailedError(f"{self.subject}: bad answer: {error}", measured) from None
        if chain.answer is None:
            raise ProbeFailedError(f"{self.subject}: NOERROR, but no such record", measured)
        records = sorted(record.to_text() for record in chain.answer)
        measured["answers"] = len(records)
        measured["records"] = ",".join(records)
        measured["ttl_seconds"] = chain.minimum_ttl
        return measured

    def _question(self) -> dns.name.Name:
        if self.type == "PTR":
            try:
                return dns.reversename.from_address(self.name)
            except dns.exception.SyntaxError:
                pass
        return dns.name.from_text(self.name)

    async def _ask(self, query: dns.message.QueryMessage) -> dns.message.QueryMessage:
        """Ask until a server answers; a server that refuses or fails leaves it to the next."""
        servers = self._servers()
        while True:
            refusal: dns.message.QueryMessage | None = None
            errors = []
            for server in servers:
                try:
                    # The library's own time-outs lose a cancellation on Python 3.11.
                    async with asyncio.timeout(_ANSWER_WITHIN):
                        response = await self._exchange(query, server)
                except TimeoutError:
                    continue
                except (OSError, EOFError, dns.exception.DNSException) as error:
                    errors.append(f"{server}: {explain(error)}")
                    continue
                if response.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
                    return response
                refusal = response
            if refusal is not None:
                return refusal
            if len(errors) == len(servers):
                raise ProbeFailedError(f"{self.subject}: {'; '.join(errors)}")

    async def _exchange(
        self, query: dns.message.QueryMessage, server: str
    ) -> dns.message.QueryMessage:
        if self.tcp:
            response = await dns.asyncquery.tcp(query, server, port=self.port)
        else:
            # What does not answer the question is passed over: anybody can send datagrams.
            response, _ = await dns.asyncquery.udp_with_fallback(
                query, server, port=self.port, ignore_unexpected=True, ignore_errors=True
            )
        return cast("dns.message.QueryMessage", response)

    def _servers(self) -> list[str]:
        if self.server is not None:
            return [self.server]
        try:
            return [str(server) for server in dns.resolver.Resolver().nameservers]
        except dns.resolver.NoResolverConfiguration as error:
            raise ProbeUnknownError(f"{self.subject}: {error}; give `server`") from None
