"""`sns_configs`"""

import hashlib
import hmac
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from opsbook.alerts.notifier import notifier_kinds
from tests.alerts.notifiers.catcher import Catcher, Request, answer
from tests.alerts.notifiers.contract import HttpContract, Settings
from tests.alerts.notifiers.notices import KEY, failure, notifier, send

ACCESS, SECRET = "AKIDEXAMPLE00000", "s3cret/of+aws"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:ops"
PUBLISHED = "<PublishResponse><MessageId>94f20ce6</MessageId></PublishResponse>"
ROLE = """<AssumeRoleResponse><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAROLE00000</AccessKeyId><SecretAccessKey>s3cret-of-role</SecretAccessKey>
<SessionToken>s3cret-session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>"""


def is_signed(request: Request, secret: str, service: str = "sns") -> bool:
    """AWS's side of Signature Version 4, written from its documentation."""
    said = request.headers["authorization"]
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
        r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})",
        said,
    )
    assert found, said
    _, day, region, named, headers, signature = found.groups()
    assert named == service
    assert {"host", "x-amz-date"} <= set(headers.split(";"))
    lines = "".join(f"{name}:{request.headers[name]}\n" for name in headers.split(";"))
    digest = hashlib.sha256(request.body).hexdigest()
    canonical = f"POST\n{request.path}\n\n{lines}\n{headers}\n{digest}"
    scope = f"{day}/{region}/{service}/aws4_request"
    stamp = request.headers["x-amz-date"]
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest() == signature


class TestSns(HttpContract):
    kind = "sns"
    secrets = (SECRET,)
    accepted = answer(200, PUBLISHED, "text/xml")

    def at(self, port: int) -> Settings:
        return {
            "api_url": f"http://127.0.0.1:{port}/",
            "topic_arn": TOPIC,
            "sigv4": {"access_key": ACCESS, "secret_key": SECRET, "region": "eu-west-1"},
        }

    async def form(self, catcher: Catcher, **settings: Any) -> dict[str, str]:
        await send(notifier(self.kind, {**self.at(catcher.port), **settings}))
        return catcher.caught[0].form()

    async def test_it_publishes_to_a_topic(self, catcher: Catcher) -> None:
        form = await self.form(catcher, message="{{ .Status }}", attributes={"team": "a b"})
        assert form == {
            "Action": "Publish",
            "Version": "2010-03-31",
            "TopicArn": TOPIC,
            "Subject": "[FIRING:2] Disk full (critical)",
            "Message": "firing",
            "MessageAttributes.entry.1.Name": "team",
            "MessageAttributes.entry.1.Value.DataType": "String",
            "MessageAttributes.entry.1.Value.StringValue": "a b",
        }

    async def test_it_is_signed(self, catcher: Catcher) -> None:
        await self.form(catcher)
        assert is_signed(catcher.caught[0], SECRET)
        assert not is_signed(catcher.caught[0], "another secret")

    async def test_keys_come_from_the_environment_where_none_are_given(
        self, catcher: Catcher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "from the environment")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session")
        await self.form(catcher, sigv4=None)
        assert is_signed(catcher.caught[0], "from the environment")
        assert catcher.caught[0].headers["x-amz-security-token"] == "a-session"

    async def test_keys_come_from_a_profile(
        self, catcher: Catcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "credentials"
        file.write_text("[ops]\naws_access_key_id = A\naws_secret_access_key = of%profile\n")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
        await self.form(catcher, sigv4={"profile": "ops"})
        assert is_signed(catcher.caught[0], "of%profile")

    async def test_without_keys_it_says_what_to_give(
        self, catcher: Catcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        error = await failure(notifier(self.kind, {**self.at(catcher.port), "sigv4": {}}))
        assert error.permanent
        assert "access_key" in str(error)

    async def test_a_role_is_taken_on_once(
        self, catcher: Catcher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kind = notifier_kinds.load(self.kind)
        monkeypatch.setattr(kind, "sts_url", f"{catcher.url}/role/")
        role = "arn:aws:iam::123456789012:role/publisher"
        sigv4 = {"access_key": ACCESS, "secret_key": SECRET, "role_arn": role}
        to = notifier(self.kind, {**self.at(catcher.port), "sigv4": sigv4})
        catcher.then(answer(200, ROLE, "text/xml"), self.accepted)
        await send(to)
        await send(to)
        asked, first, second = catcher.caught
        assert is_signed(asked, SECRET, "sts")
        assert asked.form()["RoleArn"] == role
        assert is_signed(first, "s3cret-of-role")
        assert is_signed(second, "s3cret-of-role")
        assert first.headers["x-amz-security-token"] == "s3cret-session"

    async def test_a_role_that_is_refused_is_a_failure(
        self, catcher: Catcher, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kind = notifier_kinds.load(self.kind)
        monkeypatch.setattr(kind, "sts_url", f"{catcher.url}/role/")
        sigv4 = {"access_key": ACCESS, "secret_key": SECRET, "role_arn": "arn:aws:iam::1:role/x"}
        catcher.then(answer(403, "<Code>AccessDenied</Code>"))
        error = await failure(notifier(self.kind, {**self.at(catcher.port), "sigv4": sigv4}))
        assert error.permanent
        assert "AccessDenied" in str(error)

    async def test_a_topic_in_order_shows_a_notice_once(self, catcher: Catcher) -> None:
        form = await self.form(catcher, topic_arn=f"{TOPIC}.fifo")
        assert form["MessageDeduplicationId"] == KEY
        assert len(form["MessageGroupId"]) == 64
        assert self.entry(1, topic_arn=f"{TOPIC}.fifo").takes_key
        assert not self.entry(1).takes_key

    async def test_a_phone_gets_a_short_text(self, catcher: Catcher) -> None:
        settings = {"topic_arn": "", "phone_number": "+15551234567", "message": "ü" * 2_000}
        form = await self.form(catcher, **settings)
        assert form["PhoneNumber"] == "+15551234567"
        assert form["Message"] == "ü" * 1_599 + "…"
        assert form["MessageAttributes.entry.1.Name"] == "truncated"

    async def test_a_long_message_is_cut_to_what_a_topic_takes(self, catcher: Catcher) -> None:
        form = await self.form(catcher, message="ü" * 200_000)
        assert len(form["Message"].encode()) <= 256 * 1024

    async def test_who_asks_too_often_waits(self, catcher: Catcher) -> None:
        catcher.then(answer(400, "<Error><Code>Throttling</Code></Error>", "text/xml"))
        assert not (await failure(self.entry(catcher.port))).permanent

    def test_it_goes_to_one_place(self) -> None:
        for wrong in ({"phone_number": "+1"}, {"topic_arn": ""}):
            with pytest.raises(ValidationError, match="one place"):
                self.entry(1, **wrong)
