"""Keys of a role that is taken on for an hour (AWS Security Token Service, AssumeRole)."""

import re
import time
from datetime import datetime
from urllib.parse import urlencode

from opsbook.alerts.sending.exchange import Call, Reply, Route, prepared
from opsbook.alerts.sending.sigv4 import FORM, Keys, signed

_EARLY = 300.0
"""Seconds before their end at which keys are not used any more."""


async def role_keys(
    keys: Keys, role: str, url: str, region: str, route: Route, within: float
) -> tuple[Keys, float]:
    """The role's keys, and when to ask again in seconds since 1970. Raises NotSentError."""
    form = {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": role,
        "RoleSessionName": "opsbook",
    }
    body = urlencode(form).encode()
    headers = signed(keys, url, body, FORM, region, "sts")
    call = Call(url, body, headers, secrets=(keys.secret_key, keys.token))
    place = f"the role {role} at {url}"
    reply = await prepared(call, route, place, within)
    if not reply.good:
        raise reply.refusal(place)
    try:
        until = datetime.fromisoformat(_word(reply, "Expiration")).timestamp()
    except ValueError:
        until = time.time()
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    return Keys(*(_word(reply, name) for name in names)), until - _EARLY


def _word(reply: Reply, name: str) -> str:
    found = re.search(rf"<{name}>\s*([^<]*?)\s*</{name}>", reply.body.decode(errors="replace"))
    return found[1] if found else ""
