"""Whom the claims of an ID token are about, and what they may."""

import re
from collections.abc import Mapping
from typing import Any

from opsbook.core.errors import OpsbookError
from opsbook.state.people import Person
from opsbook.web.oidc.settings import OidcSettings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@+-]{0,99}")


class NobodyError(OpsbookError):
    """The provider knows them, and they have no role or no name here."""


def identity(claims: Mapping[str, Any], settings: OidcSettings) -> Person:
    """Raises NobodyError."""
    name = _at(claims, settings.name)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise NobodyError(
            f"the claim {settings.name} holds no name of up to 100 letters, digits and _.@+-; "
            "name another claim as web.oidc.name"
        )
    held = _at(claims, settings.roles.claim)
    values = [held] if isinstance(held, str) else held if isinstance(held, list) else []
    role = settings.roles.role_of([each for each in values if isinstance(each, str)])
    if role is None:
        raise NobodyError(
            f"{name} has no role here: nothing in the claim {settings.roles.claim} is listed "
            "under web.oidc.roles"
        )
    return Person(name, role)


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """A claim's own name may have dots in it, as URLs do."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
