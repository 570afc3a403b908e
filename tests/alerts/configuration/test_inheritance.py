"""What entries take from `global`."""

from typing import Any

import pytest

from opsbook.alerts.configuration.inheritance import inherited, inherited_keys
from tests.alerts.configuration.kinds import KINDS, Email


def entry(common: dict[str, Any], kind: str, **own: Any) -> dict[str, Any]:
    data = {"global": common, "receivers": [{"name": "a", f"{kind}_configs": [own]}]}
    complete: dict[str, Any] = inherited(data, KINDS)["receivers"][0][f"{kind}_configs"][0]
    return complete


def test_what_an_entry_does_not_say_is_taken() -> None:
    taken = entry({"smtp_smarthost": "b:25", "smtp_require_tls": False}, "email", to="a")
    assert taken == {"to": "a", "smarthost": "b:25", "require_tls": False}


def test_what_it_says_stands() -> None:
    assert entry({"smtp_smarthost": "b:25"}, "email", smarthost="c:25") == {"smarthost": "c:25"}


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_empty_value_says_nothing(nothing: Any) -> None:
    assert entry({"smtp_smarthost": "b:25"}, "email", smarthost=nothing)["smarthost"] == "b:25"
    assert entry({"smtp_smarthost": nothing}, "email") == {}


def test_nothing_is_the_same_as_no_key_and_not_the_same_as_an_empty_text() -> None:
    own = {"to": "a", "smarthost": "", "from": None, "unknown": None}
    assert entry({}, "email", **own) == {"to": "a", "smarthost": "", "unknown": None}


@pytest.mark.parametrize("own", [{"api_url": "u"}, {"api_url_file": "f"}])
@pytest.mark.parametrize("common", [{"slack_api_url": "U"}, {"slack_api_url_file": "F"}])
def test_a_value_and_its_file_stand_for_each_other(
    own: dict[str, str], common: dict[str, str]
) -> None:
    assert entry(common, "slack", **own) == own


def test_keys_are_those_of_the_file() -> None:
    assert inherited_keys(Email)["from"] == "smtp_from"


@pytest.mark.parametrize(
    "data",
    [
        *(None, [], "text", {}, {"global": None, "receivers": []}),
        *({"global": {}, "receivers": "text"}, {"global": {}, "receivers": [None, {"name": "a"}]}),
        {"global": {}, "receivers": [{"email_configs": "text"}]},
        {"global": {}, "receivers": [{"email_configs": [None, "text"]}]},
        {"global": {}, "receivers": [{"unknown_configs": [{}]}]},
    ],
)
def test_what_is_no_configuration_is_left_as_it_is(data: Any) -> None:
    assert inherited(data, KINDS) == data
