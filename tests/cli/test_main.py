"""The command as such."""

import subprocess
import sys

import pytest

from opsbook.cli.main import _COMMANDS, cli
from tests.cli.run import OPSBOOK, opsbook


def test_help_names_every_command() -> None:
    shown = opsbook("--help")
    assert shown.returncode == 0
    for name in _COMMANDS:
        assert f"\n  {name}" in shown.stdout


@pytest.mark.parametrize("name", _COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    shown = opsbook(name, "--help")
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"Usage: opsbook {name}")


def test_every_file_of_a_command_is_named() -> None:
    context = cli.make_context("opsbook", ["lint", "--help"], resilient_parsing=True)
    assert all(cli.get_command(context, name) for name in cli.list_commands(context))


@pytest.mark.parametrize(
    "module", ["sqlalchemy", "fastapi", "pydantic", "asyncio", "redis", "rich", "numpy"]
)
def test_quick_commands_import_nothing_heavy(module: str) -> None:
    code = (
        "import sys; from opsbook.cli.main import main\n"
        "try: main(['status', '--data', '/nonexistent'])\n"
        f"except SystemExit: print({module!r} in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"


def test_python_m_opsbook_is_the_same_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "opsbook", "--version"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == opsbook("--version").stdout


def test_an_unknown_word_ends_with_2() -> None:
    assert opsbook("restart-everything").returncode == 2


def test_who_closes_the_pipe_early_gets_no_traceback() -> None:
    command = [*OPSBOOK, "schema"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        assert writer.stdout.read(10).startswith(b"{")
        writer.stdout.close()
        assert b"Traceback" not in writer.stderr.read()
