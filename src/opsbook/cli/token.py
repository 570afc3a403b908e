"""`opsbook token add|list|revoke`: on the database itself, for whoever may write it."""

import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from opsbook.cli.alert import seconds_of
from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.cli.database import book_option, database_of
from opsbook.core.clock import SystemClock, iso
from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.state.datadir import DataDir
from opsbook.state.ledger import Ledger
from opsbook.state.local_token import name_of_user
from opsbook.state.people import Role
from opsbook.state.token_text import hash_of, id_of
from opsbook.state.tokens import Token, Tokens

_TO_RECORD = 5.0
"""Seconds for the disk to take an entry."""


@click.group()
def token() -> None:
    """Who may change something, and what. It counts at once, in a running watch too."""


@token.command()
@click.argument("name")
@data_option
@book_option
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), required=True, help="What it may."
)
@click.option("--expires", "length", help="After how long it ends, such as 90d.")
def add(name: str, data: DataDir, book: Path | None, role: str, length: str | None) -> None:
    """Make a token for NAME and print it, once: only its hash is kept.

    A viewer looks; an operator acts (acknowledges, silences); an approver also consents to what
    others asked for; an admin also acts for others.
    """
    seconds = seconds_of(length, "--expires")
    expires = time.time() + seconds if seconds is not None else None
    with _opened(data, book) as (tokens, ledger):
        text = tokens.issue(name, Role(role), expires)
        number = id_of(hash_of(text))
        try:
            asyncio.run(_record_grant(ledger, name, number, role, expires))
        except TimeoutError:
            tokens.revoke(number)
            raise OpsbookError(f"no token was made: {_untaken(ledger)}") from None
    # Only now: nobody holds a token that the ledger does not know of.
    click.echo(text)


@token.command("list")
@data_option
@book_option
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def list_tokens(data: DataDir, book: Path | None, as_json: bool) -> None:
    """Tokens by name, those that have expired too."""
    with _opened(data, book) as (tokens, _):
        found = [_shown(each) for each in tokens.list()]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = (tuple(value or "never" for value in each.values()) for each in found)
    print_columns(("ID", "NAME", "ROLE", "MADE", "EXPIRES", "LAST USED"), rows)


@token.command()
@click.argument("which", metavar="NAME|ID")
@data_option
@book_option
def revoke(which: str, data: DataDir, book: Path | None) -> None:
    """End the token with this id, or all tokens of this name."""
    with _opened(data, book) as (tokens, ledger):
        gone = tokens.revoke(which)
        if not gone:
            raise BadInputError(f"no token has the name or id {which}; see `opsbook token list`")
        for each in gone:
            click.echo(f"{each.id} of {each.bearer.name} is revoked")
        try:
            asyncio.run(_record_end(ledger, gone))
        except TimeoutError:
            raise OpsbookError(f"revoked, and not recorded: {_untaken(ledger)}") from None


@contextmanager
def _opened(data: DataDir, book: Path | None) -> Iterator[tuple[Tokens, Ledger]]:
    """Raises OpsbookError where there is no database, or none that can be written."""
    try:
        engine, clock = database_of(data, book), SystemClock()
        ledger = Ledger(engine, clock)
        try:
            yield Tokens(engine, clock), ledger
        finally:
            ledger.close()
            engine.dispose()
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise OpsbookError(f"the database of {book or data.path}: {cause}; try again") from None


async def _record_grant(
    ledger: Ledger, name: str, number: str, role: str, expires: float | None
) -> None:
    async with asyncio.timeout(_TO_RECORD):
        await ledger.record(
            "access.granted",
            name,
            actor=_actor(),
            id=number,
            role=role,
            expires_at=_time(expires),
        )


async def _record_end(ledger: Ledger, gone: list[Token]) -> None:
    async with asyncio.timeout(_TO_RECORD):
        for each in gone:
            await ledger.record(
                "access.revoked",
                each.bearer.name,
                actor=_actor(),
                id=each.id,
                role=each.bearer.role,
            )


def _actor() -> str:
    """The user of the operating system; under sudo, also the one who became it."""
    name, before = name_of_user(os.geteuid()), os.environ.get("SUDO_USER", "")
    return name if before in ("", name) else f"{before} (through {name})"


def _untaken(ledger: Ledger) -> str:
    return f"the ledger took no entry within {_TO_RECORD:g} s ({ledger.trouble or 'it is busy'})"


def _shown(each: Token) -> dict[str, str | None]:
    return {
        "id": each.id,
        "name": each.bearer.name,
        "role": each.bearer.role.value,
        "made_at": iso(each.made_at),
        "expires_at": _time(each.expires_at),
        "last_used_at": _time(each.last_used_at),
    }


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)
