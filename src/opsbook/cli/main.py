"""`opsbook`: the group of commands, and how errors end the process."""

import importlib
import os
import sys

import click

import opsbook
from opsbook.core.errors import OpsbookError

_COMMANDS = {
    "agent": "Carry out the steps of runbooks on a further host.",
    "alert": "What fires, what has fired, who works on it and who was told.",
    "backup": "What is kept elsewhere, and the proof that it comes back.",
    "check": "Run checks once and say what they found.",
    "db": "How databases stand, and what keeps them well.",
    "demo": "Start a small living platform and watch it.",
    "down": "Stop the services of a book, in the order of their dependencies.",
    "drill": "Hurt the platform on purpose, and measure the answer.",
    "incident": "What people deal with: who has it, what happened, what was learned.",
    "kpi": "Ask the running watch how the KPIs stand.",
    "ledger": "Show or verify the record of everything that happened.",
    "lint": "Find everything that is wrong with a book.",
    "query": "Evaluate a PromQL expression over what was measured.",
    "recover": "Carry out a plan of recovery, or rehearse it.",
    "restore": "Bring a backup back into a new place.",
    "routes": "See where alerts go.",
    "rules": "Check and test rule files of Prometheus.",
    "run": "See what a runbook would do, and have it done.",
    "runbooks": "The procedures of the book.",
    "runs": "How runs of runbooks stand, and what is said to them.",
    "schema": "Print the JSON Schema of a book, for editors.",
    "sign-in": "Make a link by which you sign in with a browser.",
    "silence": "Who does not want to hear of what, and until when.",
    "status": "Ask the running watch how the platform stands.",
    "token": "Who may change something, and what.",
    "up": "Watch a platform and keep its services running.",
    "user": "Who signs in with a password.",
}
"""Name → help, so that `--help` imports none of them: it has to answer at once."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"opsbook.cli.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(opsbook.__version__, prog_name="opsbook")
def cli() -> None:
    """An operations manual that runs itself.

    A book declares what a platform is and what must hold; opsbook carries it out and proves
    what it claims.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run a command; end with its exit code, errors on standard error."""
    try:
        sys.exit(cli.main(arguments, prog_name="opsbook", standalone_mode=False) or 0)
    except OpsbookError as error:
        click.echo(f"opsbook: {error}" if "\n" not in str(error) else str(error), err=True)
        sys.exit(error.exit_code)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        _leave_quietly()


def _leave_quietly() -> None:
    """Whoever read our output has enough of it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(141)
