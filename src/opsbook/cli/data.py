"""The option by which commands find the data directory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from opsbook.state.datadir import DataDir


def data_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--data DIR`, passed on as a DataDir."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        default=DataDir.default,
        callback=lambda _ctx, _param, value: DataDir(value),
        help="Data directory [default: $OPSBOOK_DATA or ~/.local/state/opsbook]",
    )(command)
