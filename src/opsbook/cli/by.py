"""The option that says who acts."""

import os
from collections.abc import Callable
from typing import Any

import click


def by_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--by NAME`, empty where it is whoever bears the token that is sent."""
    return click.option(
        "--by", default=_caller, help="For whom you do it, if not yourself; for admins only."
    )(command)


def _caller() -> str:
    """Under sudo, the token is that of another user than the person who acts."""
    return "" if os.environ.get("OPSBOOK_TOKEN") else os.environ.get("SUDO_USER", "")
