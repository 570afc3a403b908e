"""Whom claims are about."""

from typing import Any

import pytest

from opsbook.core.secrets import Secret
from opsbook.state.people import Person, Role
from opsbook.web.oidc.identity import NobodyError, identity
from opsbook.web.oidc.settings import OidcRoles, OidcSettings


def settings(claim: str = "groups", name: str = "sub") -> OidcSettings:
    return OidcSettings(
        issuer="https://id.example",
        client_id="opsbook",
        client_secret=Secret("env:X"),
        name=name,
        roles=OidcRoles(claim=claim, operator=["sre"], admin=["root"]),
    )


@pytest.mark.parametrize(
    ("claims", "claim"),
    [
        ({"groups": ["x", "sre"]}, "groups"),
        ({"groups": "sre"}, "groups"),
        ({"realm_access": {"roles": ["sre"]}}, "realm_access.roles"),
        ({"https://id.example/groups": ["sre"]}, "https://id.example/groups"),
    ],
)
def test_the_role_is_found_in_its_claim(claims: dict[str, Any], claim: str) -> None:
    assert identity({"sub": "ada", **claims}, settings(claim)) == Person("ada", Role.OPERATOR)


def test_the_highest_role_counts() -> None:
    found = identity({"sub": "ada", "groups": ["sre", "root"]}, settings())
    assert found.role is Role.ADMIN


@pytest.mark.parametrize("held", [None, [], {}, 7, ["SRE"], [["sre"]], "sre2", {"sre": True}])
def test_who_has_none_is_nobody(held: Any) -> None:
    with pytest.raises(NobodyError, match="ada has no role here"):
        identity({"sub": "ada", "groups": held}, settings())


@pytest.mark.parametrize("name", [None, "", 7, "a b", "ada (through root)", "-a", "a" * 101, "a\n"])
def test_what_is_no_name_is_nobodys(name: Any) -> None:
    with pytest.raises(NobodyError, match="the claim sub holds no name"):
        identity({"sub": name, "groups": ["sre"]}, settings())


@pytest.mark.parametrize("issuer", ["http://id.example", "id.example", "https://", "https://a?b"])
def test_an_issuer_is_an_https_url(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        OidcSettings.model_validate({**settings().model_dump(), "issuer": issuer})
