"""`opsbook token add|list|revoke`: on the database itself, for whoever may write it."""

import asyncio
import json
import time
from pathlib import Path

import click

from opsbook.cli.alert import seconds_of
from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.cli.database import book_option
from opsbook.cli.grants import opened, recorded
from opsbook.core.clock import SystemClock, iso
from opsbook.core.errors import BadInputError, OpsbookError
from opsbook.state.datadir import DataDir
from opsbook.state.people import Role
from opsbook.state.token_text import hash_of, id_of
from opsbook.state.tokens import Token, Tokens


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
    with opened(data, book) as (engine, ledger):
        tokens = Tokens(engine, SystemClock())
        text = tokens.issue(name, Role(role), expires)
        number = id_of(hash_of(text))
        try:
            recorded(
                ledger,
                lambda on: on.granted(name, number, Role(role), expires),
                "no token was made",
            )
        except OpsbookError:
            tokens.revoke(number)
            raise
    # Only now: nobody holds a token that the ledger does not know of.
    click.echo(text)


@token.command("list")
@data_option
@book_option
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def list_tokens(data: DataDir, book: Path | None, as_json: bool) -> None:
    """Tokens by name, those that have expired too."""
    with opened(data, book) as (engine, _):
        found = [_shown(each) for each in Tokens(engine, SystemClock()).list()]
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
    with opened(data, book) as (engine, ledger):
        gone = Tokens(engine, SystemClock()).revoke(which)
        if not gone:
            raise BadInputError(f"no token has the name or id {which}; see `opsbook token list`")
        for each in gone:
            click.echo(f"{each.id} of {each.bearer.name} is revoked")
        recorded(
            ledger, lambda on: asyncio.gather(*map(on.revoked, gone)), "revoked, and not recorded"
        )


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
