"""Who acts."""

import click
import pytest
from click.testing import CliRunner

from opsbook.cli.by import by_option


@click.command()
@by_option
def named(by: str) -> None:
    click.echo(f"[{by}]")


@pytest.mark.parametrize(
    ("environment", "words", "said"),
    [
        ({}, [], "[]"),
        ({"SUDO_USER": "ada"}, [], "[ada]"),
        ({"SUDO_USER": "ada", "OPSBOOK_TOKEN": "opsbook_x"}, [], "[]"),
        ({"SUDO_USER": "ada"}, ["--by", "bob"], "[bob]"),
    ],
)
def test_it_is_the_bearer_of_the_token_or_who_became_them(
    environment: dict[str, str], words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SUDO_USER", "OPSBOOK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    assert CliRunner().invoke(named, words, env=environment).output == f"{said}\n"
