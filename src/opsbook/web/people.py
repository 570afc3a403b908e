"""Who may do what: users and tokens, as an admin gives and takes them. Under `/api/users` and
`/api/tokens`."""

import asyncio
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Response
from pydantic import BaseModel, Field, SecretStr

from opsbook.core.clock import Clock
from opsbook.core.errors import BadInputError
from opsbook.state.access_entries import AccessEntries, Written
from opsbook.state.ledger import Ledger
from opsbook.state.people import Person, Role
from opsbook.state.token_text import hash_of, id_of
from opsbook.state.tokens import Token, Tokens
from opsbook.state.users import User, Users
from opsbook.web.access import may
from opsbook.web.inputs import BookName, Lasting, Word
from opsbook.web.moments import moment, moment_or_none
from opsbook.web.problems import problems

Admin = Annotated[Person, Depends(may(Role.ADMIN))]
_TO_RECORD = 5.0
"""Seconds for the disk to take an entry: what nobody can read later is not given."""


class UserView(BaseModel):
    """Somebody who signs in with a password."""

    name: str
    role: Role
    made_at: datetime
    disabled: bool


class NewUser(BaseModel):
    """With a password of at least 12 characters."""

    name: Word
    role: Role
    password: SecretStr


class UserChange(BaseModel):
    """What is given; the rest stays as it is. Each change ends their sessions."""

    password: SecretStr | None = None
    disabled: bool | None = None


class TokenView(BaseModel):
    """What may be told of a token."""

    id: str
    name: str
    role: Role
    made_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class NewToken(BaseModel):
    """For a person or a program."""

    name: Word
    role: Role
    expires_seconds: Lasting | None = Field(
        None, description="after so long it ends; never if null"
    )


class IssuedToken(TokenView):
    """With its text, which nobody is told again."""

    token: str


def people_routes(users: Users, tokens: Tokens, ledger: Ledger, clock: Clock) -> APIRouter:
    """The paths, all for admins."""
    routes = APIRouter(prefix="/api", tags=["access"])
    _add_users(routes, users, ledger)
    _add_tokens(routes, tokens, ledger, clock)
    return routes


def _add_users(routes: APIRouter, users: Users, ledger: Ledger) -> None:
    @routes.get("/users")
    async def list_users(person: Admin) -> list[UserView]:
        """Who signs in with a password, by name."""
        return [_user(each) for each in await asyncio.to_thread(users.list)]

    @routes.post("/users", responses=problems(400, 503))
    async def add_user(asked: NewUser, person: Admin) -> UserView:
        """Let somebody sign in."""
        await _done(users.add, asked.name, asked.role, asked.password.get_secret_value())
        await _on_disk(AccessEntries(ledger, person.name).user_added(asked.name, asked.role))
        return await _known(users, asked.name)

    @routes.patch("/users/{name}", responses=problems(400, 404, 503))
    async def change_user(name: BookName, asked: UserChange, person: Admin) -> UserView:
        """Give another password, or disable or enable somebody."""
        await _known(users, name)
        on = AccessEntries(ledger, person.name)
        if asked.password is not None:
            await _done(users.set_password, name, asked.password.get_secret_value())
            await _on_disk(on.user_changed(name, "password"))
        if asked.disabled is not None:
            await _done(users.set_disabled, name, asked.disabled)
            await _on_disk(on.user_changed(name, "disabled" if asked.disabled else "enabled"))
        return await _known(users, name)

    @routes.delete("/users/{name}", responses=problems(404, 503))
    async def remove_user(name: BookName, person: Admin) -> UserView:
        """Forget somebody, and end their sessions."""
        gone = await _known(users, name)
        await asyncio.to_thread(users.remove, name)
        await _on_disk(AccessEntries(ledger, person.name).user_removed(name))
        return gone


def _add_tokens(routes: APIRouter, tokens: Tokens, ledger: Ledger, clock: Clock) -> None:
    @routes.get("/tokens")
    async def list_tokens(person: Admin) -> list[TokenView]:
        """Tokens by name, those that have expired too."""
        return [_token(each) for each in await asyncio.to_thread(tokens.list)]

    @routes.post("/tokens", responses=problems(400, 503))
    async def issue_token(asked: NewToken, person: Admin, response: Response) -> IssuedToken:
        """Make a token; its text is told this once."""
        response.headers["Cache-Control"] = "no-store"
        ends = clock.now() + asked.expires_seconds if asked.expires_seconds else None
        text = await _done(tokens.issue, asked.name, asked.role, ends)
        number = id_of(hash_of(text))
        try:
            async with asyncio.timeout(_TO_RECORD):
                on = AccessEntries(ledger, person.name)
                await on.granted(asked.name, number, asked.role, ends)
        except TimeoutError:
            await asyncio.to_thread(tokens.revoke, number)
            raise HTTPException(503, "no token was made: the ledger took no entry") from None
        (made,) = [each for each in await asyncio.to_thread(tokens.list) if each.id == number]
        return IssuedToken(**_token(made).model_dump(), token=text)

    @routes.delete("/tokens/{which}", responses=problems(404, 503))
    async def revoke_tokens(which: BookName, person: Admin) -> list[TokenView]:
        """End the token with this id, or all tokens of this name."""
        gone = await asyncio.to_thread(tokens.revoke, which)
        if not gone:
            raise HTTPException(404, f"no token has the name or id {which}")
        for each in gone:
            await _on_disk(AccessEntries(ledger, person.name).revoked(each))
        return [_token(each) for each in gone]


async def _done(change: Any, *words: Any) -> Any:
    """In a thread. Raises HTTPException (400)."""
    try:
        return await asyncio.to_thread(change, *words)
    except BadInputError as error:
        raise HTTPException(400, str(error)) from None


async def _on_disk(entry: Written) -> None:
    """Wait for an entry about what was done. Raises HTTPException (503)."""
    try:
        async with asyncio.timeout(_TO_RECORD):
            await entry
    except TimeoutError:
        said = "it is done, and the ledger has not taken its entry yet: look at its trouble"
        raise HTTPException(503, f"{said} in the status") from None


async def _known(users: Users, name: str) -> UserView:
    """Raises HTTPException (404)."""
    found = await asyncio.to_thread(users.find, name)
    if found is None:
        raise HTTPException(404, f"nobody is called {name}; see the list of users")
    return _user(found)


def _user(user: User) -> UserView:
    return UserView(
        name=user.person.name,
        role=user.person.role,
        made_at=moment(user.made_at),
        disabled=user.disabled,
    )


def _token(token: Token) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.bearer.name,
        role=token.bearer.role,
        made_at=moment(token.made_at),
        expires_at=moment_or_none(token.expires_at),
        last_used_at=moment_or_none(token.last_used_at),
    )
