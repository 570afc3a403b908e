"""The book's `web: oidc:` — at which provider people sign in, and who may what."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from opsbook.book.fields import Secret
from opsbook.book.model import Section
from opsbook.state.people import Role

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def _issuer(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError(
            "not an https URL: what it says about people must not be changed on its way"
        )
    if not parts.hostname or parts.query or parts.fragment:
        raise ValueError("not the URL of an issuer: write https://host or https://host/path")
    return value


class OidcRoles(Section):
    """Who may what: by the values of one claim. Whoever has none of them is not let in, and who
    has several gets the highest role."""

    claim: str = "groups"
    """The claim of the ID token that lists them; a dot leads inside: `realm_access.roles`."""
    viewer: list[str] = []
    """Values of which one lets somebody look."""
    operator: list[str] = []
    """Values of which one lets somebody act."""
    approver: list[str] = []
    """Values of which one lets somebody consent to what others ask for."""
    admin: list[str] = []
    """Values of which one lets somebody say who may do what."""

    def role_of(self, values: list[str]) -> Role | None:
        """The highest of the roles, or None."""
        for role in reversed(Role):
            if set(values) & set(getattr(self, role.value)):
                return role
        return None


class OidcSettings(Section):
    """People sign in at a provider: by the authorization code flow, with PKCE."""

    issuer: Annotated[str, AfterValidator(_issuer)]
    """As the provider calls itself; `/.well-known/openid-configuration` is below it."""
    client_id: str
    """By which the provider knows Opsbook."""
    client_secret: Secret
    """What the provider gave with it."""
    roles: OidcRoles
    """Whom it lets in, and as what."""
    name: str = "preferred_username"
    """The claim that names people in the ledger. It has to be one that they cannot change: else
    somebody approves their own request under another name."""
    scopes: Annotated[list[str], Field(min_length=1)] = ["openid", "profile"]
    """What Opsbook asks to be told; the provider says which scope brings the claim of `roles`."""
