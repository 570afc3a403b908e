"""What a book may say of its page for the public."""

import pytest
from pydantic import ValidationError

from opsbook.web.public.settings import StatusPageSettings

SERVICES = {"Search": {"of": ["api", "index"]}, "Login": {"of": ["auth"]}}


def settings(**more: object) -> StatusPageSettings:
    return StatusPageSettings.model_validate({"title": "x", "services": SERVICES, **more})


def test_the_page_and_its_json_lie_side_by_side() -> None:
    assert settings().paths == ("/status", "/status.json")
    assert settings(path="/public/health").paths == ("/public/health", "/public/health.json")


@pytest.mark.parametrize("path", ["", "/", "status", "/a/", "//a", "/../a", "/-/healthy", "/a b"])
def test_a_path_that_could_be_read_in_two_ways_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="path"):
        settings(path=path)


def test_services_are_told_by_their_public_names_in_the_order_of_the_page() -> None:
    assert settings().shown_names(("auth", "index", "db")) == ["Search", "Login"]
    assert settings().shown_names(("db",)) == settings().shown_names(()) == []


def test_what_people_write_is_not_shown_unless_the_book_says_so() -> None:
    assert settings().incidents is False


@pytest.mark.parametrize(
    "wrong",
    [
        {"services": {}},
        {"services": {"Search": {"of": []}}},
        {"services": {"": {"of": ["a"]}}},
        {"history_days": 0},
        {"language": "tlh"},
    ],
)
def test_a_page_that_says_nothing_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)
