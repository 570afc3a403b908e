"""What the ledger holds of who may do what, whoever gives and takes it."""

import asyncio

from opsbook.core.clock import iso
from opsbook.state.chain import Entry
from opsbook.state.ledger import Ledger
from opsbook.state.people import Role
from opsbook.state.tokens import Token

Written = asyncio.Future[Entry]
"""Done once the entry is on the disk."""


class AccessEntries:
    """By one person. To be used on an event loop."""

    def __init__(self, ledger: Ledger, by: str) -> None:
        self._ledger, self._by = ledger, by

    def user_added(self, name: str, role: Role) -> Written:
        return self._ledger.record("access.user_added", name, actor=self._by, role=role.value)

    def user_changed(self, name: str, what: str) -> Written:
        """`what`: password, disabled or enabled."""
        return self._ledger.record("access.user_changed", name, actor=self._by, what=what)

    def user_removed(self, name: str) -> Written:
        return self._ledger.record("access.user_removed", name, actor=self._by)

    def granted(self, name: str, token: str, role: Role, expires_at: float | None) -> Written:
        """`token`: its id."""
        return self._ledger.record(
            "access.granted",
            name,
            actor=self._by,
            id=token,
            role=role.value,
            expires_at=None if expires_at is None else iso(expires_at),
        )

    def revoked(self, token: Token) -> Written:
        bearer = token.bearer
        return self._ledger.record(
            "access.revoked", bearer.name, actor=self._by, id=token.id, role=bearer.role.value
        )
