"""What the book says of where Opsbook answers."""

import pytest
from pydantic import ValidationError

from opsbook.web.settings import ProxySettings, WebSettings, bracketed

PROXY = ProxySettings(trusted=["10.0.0.0/24", "::1"])


@pytest.mark.parametrize(
    ("web", "exposed"),
    [
        (WebSettings(), False),
        (WebSettings(host="::1"), False),
        (WebSettings(host="10.0.0.5"), True),
        (WebSettings(host="0.0.0.0"), True),
        (WebSettings(sign_in="always"), True),
        (WebSettings(proxy=PROXY), True),
    ],
)
def test_looking_is_open_on_loopback_alone(web: WebSettings, exposed: bool) -> None:
    assert web.exposed is exposed


def test_the_names_are_its_own_and_those_that_are_declared() -> None:
    assert WebSettings(host="0.0.0.0", hosts=["ops.example"]).names == [
        *("127.0.0.1", "localhost", "[::1]", "ops.example")
    ]
    assert WebSettings(host="fd00::5").names[3:] == ["[fd00::5]"]


@pytest.mark.parametrize("host", ["*", "http://ops.example", "ops.example:7070", "", "a/b"])
def test_what_is_no_name_of_a_host_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="hosts"):
        WebSettings(hosts=[host])


@pytest.mark.parametrize("trusted", [["*"], ["proxy.example"], ["10.0.0.1/8"], []])
def test_a_proxy_is_trusted_by_its_address(trusted: list[str]) -> None:
    with pytest.raises(ValidationError, match="trusted"):
        ProxySettings(trusted=trusted)


def test_an_address_stands_in_brackets_where_it_has_colons() -> None:
    assert [bracketed(each) for each in ("::1", "10.0.0.1", "ops.example")] == [
        *("[::1]", "10.0.0.1", "ops.example")
    ]
