"""Secrets at the moment of use."""

import json

import pytest

from opsbook.core.errors import BadInputError
from opsbook.durable.values import plain
from opsbook.runbooks.revealed import Revealed


def test_it_is_the_text_and_never_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REVEALED_TOKEN", "so-quiet-2")
    token = Revealed.of("env:REVEALED_TOKEN")
    assert token == "so-quiet-2"
    assert repr(token) == "Revealed('env:REVEALED_TOKEN')"
    assert json.dumps(plain({"token": token})) == '{"token": "***"}'


def test_one_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInputError, match="REVEALED_NOTHING"):
        Revealed.of("env:REVEALED_NOTHING")
