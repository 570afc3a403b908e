"""`global`: the keys that kinds of entries take."""

import pytest
from pydantic import ValidationError

from opsbook.alerts.configuration.common import global_type
from tests.alerts.configuration.kinds import KINDS


def test_it_has_the_keys_that_kinds_take_and_those_that_are_left_out() -> None:
    assert set(global_type(KINDS, ["left"]).model_fields) == {
        "resolve_timeout",
        "left",
        *("slack_api_url", "slack_api_url_file"),
        *("smtp_from", "smtp_smarthost", "smtp_require_tls"),
    }


def test_they_are_checked_as_the_entries_are() -> None:
    with pytest.raises(ValidationError, match="not a boolean"):
        global_type(KINDS, ()).model_validate({"smtp_require_tls": "maybe"})


def test_nothing_is_the_same_as_no_key() -> None:
    common = global_type(KINDS, ()).model_validate(
        {"smtp_require_tls": None, "slack_api_url": None}
    )
    assert common.resolve_timeout is None


def test_a_value_and_its_file_are_not_given_together() -> None:
    given = {"slack_api_url": "env:URL", "slack_api_url_file": "b"}
    with pytest.raises(ValidationError, match="both slack_api_url and slack_api_url_file"):
        global_type(KINDS, ()).model_validate(given)
