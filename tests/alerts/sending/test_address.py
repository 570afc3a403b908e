"""Addresses, and what of them may be shown."""

import pytest

from opsbook.alerts.sending.address import check_url, origin, shown
from opsbook.core.secrets import Secret
from opsbook.metrics.scraping.secret import PlainSecret


@pytest.mark.parametrize(
    ("url", "without"),
    [
        ("http://host:5001/", "http://host:5001"),
        ("https://host/a/b", "https://host/***"),
        ("https://host?token=x", "https://host/***"),
        ("http://user:word@host:80/a", "http://host:80/***"),
    ],
)
def test_only_where_it_goes_is_shown(url: str, without: str) -> None:
    assert origin(url) == without


def test_a_reference_is_not_looked_up_to_be_shown() -> None:
    assert shown(Secret("env:NO_SUCH_VARIABLE"), None) == "the URL in env:NO_SUCH_VARIABLE"
    assert shown(None, "/a/file") == "the URL in /a/file"
    assert shown(PlainSecret("https://host/word"), None) == "https://host/***"


@pytest.mark.parametrize("url", ["", "host", "ftp://host", "http://", "http://h:x/", "http://h/ "])
def test_what_cannot_be_asked_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="not an http or https URL"):
        check_url(url)
