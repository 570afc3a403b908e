"""`opsbook user add|list|password|disable|enable|remove`: on the database itself, for whoever may
write it."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from opsbook.cli.columns import print_columns
from opsbook.cli.data import data_option
from opsbook.cli.database import book_option
from opsbook.cli.grants import opened, recorded
from opsbook.core.clock import SystemClock, iso
from opsbook.core.errors import BadInputError
from opsbook.state.datadir import DataDir
from opsbook.state.people import Role
from opsbook.state.users import User, Users


@click.group()
def user() -> None:
    """Who signs in with a password, and what they may. It counts at once, in a running watch
    too."""


def _password_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--password-file",
        type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
        help="Take the first line of this file, - for standard input, instead of asking.",
    )(command)


@user.command()
@click.argument("name")
@data_option
@book_option
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), required=True, help="What they may."
)
@_password_option
def add(name: str, data: DataDir, book: Path | None, role: str, password_file: Path | None) -> None:
    """Let NAME sign in, with a password of at least 12 characters."""
    with opened(data, book) as (engine, ledger):
        Users(engine, SystemClock()).add(name, Role(role), _password(name, password_file))
        recorded(ledger, lambda on: on.user_added(name, Role(role)), "added, and not recorded")
    click.echo(f"{name} may sign in as {role}")


@user.command("list")
@data_option
@book_option
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def list_users(data: DataDir, book: Path | None, as_json: bool) -> None:
    """Users by name."""
    with opened(data, book) as (engine, _):
        found = [_shown(each) for each in Users(engine, SystemClock()).list()]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    rows = (tuple(map(str, each.values())) for each in found)
    print_columns(("NAME", "ROLE", "MADE", "STATE"), rows)


@user.command()
@click.argument("name")
@data_option
@book_option
@_password_option
def password(name: str, data: DataDir, book: Path | None, password_file: Path | None) -> None:
    """Give NAME another password, which ends their sessions."""
    with opened(data, book) as (engine, ledger):
        Users(engine, SystemClock()).set_password(name, _password(name, password_file))
        recorded(ledger, lambda on: on.user_changed(name, "password"), "not recorded")
    click.echo(f"{name} has another password, and signs in again")


@user.command()
@click.argument("name")
@data_option
@book_option
def disable(name: str, data: DataDir, book: Path | None) -> None:
    """End the sessions of NAME, and let them begin none."""
    _switch(name, data, book, "disabled")
    click.echo(f"{name} is disabled")


@user.command()
@click.argument("name")
@data_option
@book_option
def enable(name: str, data: DataDir, book: Path | None) -> None:
    """Let NAME, who was disabled, sign in again."""
    _switch(name, data, book, "enabled")
    click.echo(f"{name} may sign in again")


@user.command()
@click.argument("name")
@data_option
@book_option
def remove(name: str, data: DataDir, book: Path | None) -> None:
    """Forget NAME, and end their sessions."""
    with opened(data, book) as (engine, ledger):
        Users(engine, SystemClock()).remove(name)
        recorded(ledger, lambda on: on.user_removed(name), "removed, and not recorded")
    click.echo(f"{name} is removed")


def _switch(name: str, data: DataDir, book: Path | None, to: str) -> None:
    with opened(data, book) as (engine, ledger):
        Users(engine, SystemClock()).set_disabled(name, to == "disabled")
        recorded(ledger, lambda on: on.user_changed(name, to), "not recorded")


def _password(name: str, file: Path | None) -> str:
    """Never from the words of the command: other users of the machine read those."""
    if file is None:
        if not sys.stdin.isatty():
            raise BadInputError("there is no terminal to ask on; name a file by --password-file")
        asked: str = click.prompt(
            f"password of {name}", hide_input=True, confirmation_prompt=True, err=True
        )
        return asked
    try:
        text = sys.stdin.readline() if str(file) == "-" else _first_line(file)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise BadInputError(f"--password-file {file} cannot be read: {reason}") from None
    return text.rstrip("\r\n")


def _first_line(file: Path) -> str:
    with file.open(encoding="utf-8") as stream:
        return stream.readline()


def _shown(each: User) -> dict[str, str]:
    return {
        "name": each.person.name,
        "role": each.person.role.value,
        "made_at": iso(each.made_at),
        "state": "disabled" if each.disabled else "enabled",
    }
