"""Breaking one service of a HelixFlow on purpose, and mending it."""

import json
from datetime import timedelta
from pathlib import Path

from opsbook.core.errors import BadInputError, hint_for
from opsbook.core.units import parse_duration
from opsbook.platforms.helixflow.certificates import (
    CERTIFIED,
    issue_certificate,
    renew_certificate,
)
from opsbook.platforms.helixflow.files import replace
from opsbook.platforms.helixflow.home import SERVICES

_SIMPLE = ("crash", "hang", "errors", "fill-log", "close-port")
_ALLOWED = (
    f"{', '.join(_SIMPLE)}, slow:DURATION, clock:+DURATION, clock:-DURATION, "
    "expire-certificate, expire-certificate:past"
)
_SLOWEST = 600.0
_FURTHEST = 10 * 365 * 86_400.0


def hurt(home: Path, service: str, how: str) -> None:
    """Break `service`; it takes effect within 0.1 s.

    - `crash`: the process kills itself with SIGKILL.
    - `hang`: it accepts connections and answers none.
    - `slow:2s`: every answer takes so much longer.
    - `errors`: every answer is an error: HTTP 500, gRPC INTERNAL.
    - `fill-log`: it writes 5 MB of ERROR lines.
    - `close-port`: it lives, and its port refuses connections.
    - `clock:+10d`: its clock is ahead by so much, or behind with `-`: in its log, its answers
      and the times that it gives to others.
    - `expire-certificate`: its certificate has three days left; `expire-certificate:past`:
      it ended yesterday. The gateway serves it at once.

    `crash`, `hang`, `fill-log` and `close-port` end with the process that they hit, so that a
    restart mends them; the others last until `heal`. A service suffers one of them at a time,
    beside that of its certificate. Raises BadInputError for an unknown service or fault.
    """
    file = _control_file(home, service)
    kind, _, detail = how.partition(":")
    if kind == "expire-certificate" and detail in ("", "past"):
        if service not in CERTIFIED:
            raise BadInputError(f"{service} has no certificate; {', '.join(CERTIFIED)} have one")
        left = timedelta(days=-1) if detail else timedelta(days=3)
        issue_certificate(home / "certs", service, left)
    elif kind == "slow" and detail:
        replace(file, json.dumps({"how": "slow", "seconds": _delay(detail)}))
    elif kind == "clock" and detail[:1] in ("+", "-"):
        replace(file, json.dumps({"how": "clock", "seconds": _ahead(detail)}))
    elif how in _SIMPLE:
        replace(file, json.dumps({"how": how}))
    else:
        raise BadInputError(f"no such fault: {how!r}; known: {_ALLOWED}")


def heal(home: Path, service: str) -> None:
    """End every fault of `service`, and renew a certificate that has little time left.

    What crashed is not started. Raises BadInputError for an unknown service.
    """
    _control_file(home, service).unlink(missing_ok=True)
    if service in CERTIFIED:
        renew_certificate(home / "certs", service)


def _control_file(home: Path, service: str) -> Path:
    if service not in SERVICES:
        hint = hint_for(service, SERVICES)
        raise BadInputError(f"no such service: {service!r}; {hint}")
    return home / "hurt" / f"{service}.json"


def _delay(text: str) -> float:
    return _seconds(text, f"slow:{text}", _SLOWEST)


def _ahead(text: str) -> float:
    seconds = _seconds(text[1:], f"clock:{text}", _FURTHEST)
    return seconds if text[0] == "+" else -seconds


def _seconds(text: str, shown: str, most: float) -> float:
    try:
        seconds = parse_duration(text)
    except ValueError as error:
        raise BadInputError(f"{shown}: {error}") from None
    if seconds > most:
        raise BadInputError(f"{shown}: at most {most:g} s")
    return seconds
