"""Secrets: kept by reference, masked wherever text leaves."""

from pathlib import Path

import pytest

from opsbook.core.errors import BadInputError
from opsbook.core.secrets import Secret, inherited_environment, mask


def test_a_secret_shows_where_it_is_kept_and_never_what_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_PASSWORD", "hunter2-hunter2")
    secret = Secret("env:A_PASSWORD")
    assert secret.reveal() == "hunter2-hunter2"
    assert "hunter2" not in f"{secret} {secret!r}"


def test_what_was_revealed_is_masked_in_any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT", "value-one")
    monkeypatch.setenv("LONG", "value-one-and-more")
    Secret("env:SHORT").reveal()
    Secret("env:LONG").reveal()
    assert mask("a value-one-and-more b value-one c") == "a *** b *** c"


def test_a_file_gives_its_first_line_without_its_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s3cret-from-file\n")
    assert Secret(f"file:{tmp_path}/secret").reveal() == "s3cret-from-file"


@pytest.mark.parametrize("content", [None, "", "\n"])
def test_a_secret_that_is_not_there_says_where_it_should_be(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BadInputError, match=str(file)):
        Secret(f"file:{file}").reveal()
    with pytest.raises(BadInputError, match="set the environment variable NOT_SET_ANYWHERE"):
        Secret("env:NOT_SET_ANYWHERE").reveal()


def test_a_plain_value_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="not a secret reference") as refused:
        Secret("hunter2")
    assert "hunter2" not in str(refused.value)


def test_what_we_start_does_not_inherit_the_secrets_of_the_book(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OF_THE_BOOK", "s3cret")
    monkeypatch.setenv("OF_THE_USER", "plain")
    Secret("env:OF_THE_BOOK")
    inherited = inherited_environment()
    assert "OF_THE_BOOK" not in inherited
    assert inherited["OF_THE_USER"] == "plain"
