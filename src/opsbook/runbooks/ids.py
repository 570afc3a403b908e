"""Ids of runs, jobs and parts of runs."""

import hashlib
import secrets
from datetime import UTC, datetime

_LONGEST = 200
"""Characters; an id is also a name of files."""
_DIGEST = 32


def run_id(runbook: str, now: float) -> str:
    """`restart-gateway-20260131-040506-k3qa`: sorts by time, and is said on the telephone."""
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    tail = "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(4))
    return f"{runbook}-{moment}-{tail}"


def short(identifier: str, longest: int = _LONGEST) -> str:
    """The same, or its beginning and a digest where it is too long."""
    if len(identifier) <= longest:
        return identifier
    digest = hashlib.sha256(identifier.encode()).hexdigest()[:_DIGEST]
    return f"{identifier[: longest - _DIGEST - 1]}+{digest}"
