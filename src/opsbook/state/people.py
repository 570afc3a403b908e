"""Who acts: a name, and what the one who bears it may do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do; each role may do what those before it may."""

    VIEWER = "viewer"
    """Look."""
    OPERATOR = "operator"
    """Act: run runbooks, acknowledge, silence, open and close incidents."""
    APPROVER = "approver"
    """Consent to what another asked for."""
    ADMIN = "admin"
    """Say who may do what."""

    def allows(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Person:
    """A person, or a program that was given a token, as the ledger names them."""

    name: str
    role: Role


def through(by: str, bearer: str) -> str:
    """How the ledger names somebody for whom another acts."""
    return f"{by} (through {bearer})"


def people_in(name: str) -> frozenset[str]:
    """All who are in a name of the ledger: none of them is a second person."""
    by, found, bearer = name.partition(" (through ")
    return frozenset({by, bearer.removesuffix(")")} if found else {name})
