"""URLs in a book."""

import pytest
from pydantic import TypeAdapter, ValidationError

from opsbook.probes.url import HttpUrl, WebSocketUrl

HTTP: TypeAdapter[str] = TypeAdapter(HttpUrl)
WEBSOCKET: TypeAdapter[str] = TypeAdapter(WebSocketUrl)


@pytest.mark.parametrize(
    "good", ["http://h", "HTTPS://h/", "http://[::1]:8080/a?b=c#d", "https://h/a@b"]
)
def test_what_can_be_asked_is_kept_as_it_is_written(good: str) -> None:
    assert HTTP.validate_python(good) == good
    assert WEBSOCKET.validate_python("wss://h:1/a?b") == "wss://h:1/a?b"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "h:80",
        "ftp://h/",
        "ws://h/",
        "http://",
        "http://h:0/",
        "http://h:99999/",
        "http://[::1/",
    ],
)
def test_what_is_no_url_or_has_no_host_says_what_to_write(wrong: str) -> None:
    with pytest.raises(ValidationError, match="write http://host:port/path"):
        HTTP.validate_python(wrong)


@pytest.mark.parametrize("wrong", ["http://h/ a", "http://h/\r\nX: y", "http://h/ä", "http://ä/"])
def test_what_would_break_a_request_in_two_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="not an http or https URL"):
        HTTP.validate_python(wrong)


@pytest.mark.parametrize("wrong", ["http://u:p@h/", "http://u@h/"])
def test_a_password_in_a_url_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError, match="a URL must not hold a password"):
        HTTP.validate_python(wrong)
    with pytest.raises(ValidationError, match="a URL must not hold a password"):
        WEBSOCKET.validate_python(wrong.replace("http", "ws"))


def test_a_websocket_has_a_scheme_of_its_own_and_no_fragment() -> None:
    with pytest.raises(ValidationError, match="write ws://host:port/path"):
        WEBSOCKET.validate_python("http://h/")
    with pytest.raises(ValidationError, match="no fragment"):
        WEBSOCKET.validate_python("ws://h/#part")
