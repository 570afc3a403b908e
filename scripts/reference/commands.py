"""The page of the command line, from what `--help` says."""

from collections.abc import Iterator

import click

from opsbook.cli.main import cli
from scripts.reference.markdown import fenced, page

_WIDTH = 100


def commands_page() -> str:
    parts = []
    for words, help_text in _commands(cli, "opsbook", None):
        parts += [f"## `{words}`", fenced(help_text)]
    return page("Commands", *parts)


def _commands(
    command: click.Command, words: str, parent: click.Context | None
) -> Iterator[tuple[str, str]]:
    """Each command and what its help says, a group before its commands."""
    name = words.rpartition(" ")[2]
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=_WIDTH,
        **command.context_settings,
    )
    yield words, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from _commands(found, f"{words} {below}", context)
