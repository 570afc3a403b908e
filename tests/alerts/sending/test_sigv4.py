"""AWS Signature Version 4, by an example of AWS's own test suite (`post-vanilla`)."""

from opsbook.alerts.sending.sigv4 import Keys, signature_of, signed


def test_the_signature_is_the_one_that_aws_gives() -> None:
    signature = signature_of(
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "https://example.amazonaws.com/",
        b"",
        {"Host": "example.amazonaws.com", "X-Amz-Date": "20150830T123600Z"},
        "us-east-1",
        "service",
    )
    assert signature == "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"


def test_keys_that_end_come_with_their_token() -> None:
    keys = Keys("AKID", "word", "a-token")
    headers = dict(signed(keys, "http://host:1/", b"x", {"Content-Type": "t"}, "r", "s"))
    assert headers["X-Amz-Security-Token"] == "a-token"
    names = "content-type;host;x-amz-date;x-amz-security-token"
    assert f"SignedHeaders={names}," in headers["Authorization"]
