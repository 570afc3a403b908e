"""Where the five services listen, on loopback."""

import json
import random
import socket
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

from opsbook.core.errors import BadInputError


@dataclass(frozen=True, slots=True)
class Ports:
    """One TCP port for each service."""

    gateway: int = 8443
    grpc: int = 8444
    auth: int = 8081
    inference: int = 8082
    monitoring: int = 8083

    @classmethod
    def free(cls) -> "Ports":
        """Ports on which nothing listens now.

        They lie below the range that the kernel gives to outgoing connections: a service that
        is down for a moment must find its port again.
        """
        candidates = (port for port in random.sample(range(10_000, 32_000), 2_000) if is_free(port))
        return cls(*(next(candidates) for _ in astuple(cls())))

    @classmethod
    def read(cls, file: Path) -> "Ports":
        return cls(**json.loads(file.read_text(encoding="utf-8")))

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    def check(self) -> None:
        """Raises BadInputError if two are the same or one is no port."""
        numbers = astuple(self)
        if len(set(numbers)) < len(numbers) or not all(1 <= each <= 65_535 for each in numbers):
            raise BadInputError(f"five different ports from 1 to 65535 are needed (got {self})")


def is_free(port: int) -> bool:
    """Whether nothing listens on this port of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
