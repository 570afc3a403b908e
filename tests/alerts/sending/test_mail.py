"""A mail as bytes."""

import pytest

from opsbook.alerts.sending.mail import Mail, addresses


def mail(*headers: tuple[str, str], text: str = "t", html: str = "") -> bytes:
    own = [("Subject", "ours"), ("To", "a@b.example")]
    return Mail(headers, own, text, html, 0.0).to_bytes()


def test_it_is_ascii_with_lines_that_smtp_takes() -> None:
    made = mail(("Subject", "ü" * 200), text="ü" * 5_000, html="<p>" + "x" * 5_000)
    assert made.isascii()
    assert made.endswith(b"\r\n")
    assert max(map(len, made.split(b"\r\n"))) <= 998
    assert b"\n" not in made.replace(b"\r\n", b"")


def test_a_header_that_is_given_replaces_ours() -> None:
    assert b"Subject: theirs\r\n" in mail(("subject", "theirs")).replace(b"subject", b"Subject")
    assert b"ours" not in mail(("subject", "theirs"))


def test_a_line_end_in_a_value_begins_no_header() -> None:
    assert b"\r\nBcc:" not in mail(("Subject", "a\r\nBcc: b@c.example"))


def test_half_a_character_does_not_stop_it() -> None:
    assert b"?" in mail(text="\ud800")


def test_addresses_are_taken_out_of_names() -> None:
    text = 'Ops <ops@example.com>, "Night, shift" <night@example.com>, c@example.com'
    assert addresses(text) == ["ops@example.com", "night@example.com", "c@example.com"]


@pytest.mark.parametrize("text", ["", "ops", "a@b@c", "ü@b.example"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="mail address"):
        addresses(text)


def test_no_address_can_hold_a_command() -> None:
    for text in ("a@b>\r\nRCPT TO:<c@d", '"a\r\nRCPT TO:<c@d>"@b.example', "a@b\nDATA"):
        try:
            found = addresses(text)
        except ValueError:
            continue
        assert not any(character in "".join(found) for character in "\r\n <>")
