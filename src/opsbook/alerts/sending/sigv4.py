"""Requests to AWS, signed (AWS Signature Version 4), and the keys to sign them with."""

import configparser
import hashlib
import hmac
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from pydantic import model_validator

from opsbook.alerts.sending.address import revealed_text
from opsbook.book.model import Section
from opsbook.core.errors import BadInputError
from opsbook.metrics.scraping.notation import Text
from opsbook.metrics.scraping.secret import HeldSecret

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
"""The headers of what AWS's older services are asked."""
_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs; `token` comes with keys that end."""

    access_key: str
    """The name of a key; without it those of the environment or of the file are used."""
    secret_key: str
    """The key itself."""
    token: str = ""


class SigV4(Section):
    """As whom AWS is asked: by keys given here, in the environment, or in AWS's own file."""

    region: Text = ""
    """That of the ARN, or AWS_REGION, if not given."""
    access_key: Text = ""
    """The name of a key; without it those of the environment or of the file are used."""
    secret_key: HeldSecret = None
    """The key itself."""
    profile: Text = ""
    """A section of AWS's file of credentials."""
    role_arn: Text = ""
    """A role to take on."""

    @model_validator(mode="after")
    def _both(self) -> "SigV4":
        if bool(self.access_key) != bool(self.secret_key):
            raise ValueError("access_key and secret_key belong together: give both")
        return self

    def keys(self) -> Keys:
        """Reads the environment and a file. Raises BadInputError if there are none."""
        if self.access_key:
            return Keys(self.access_key, revealed_text(self.secret_key))
        variables = os.environ
        if not self.profile and variables.get("AWS_ACCESS_KEY_ID"):
            return Keys(
                variables["AWS_ACCESS_KEY_ID"],
                variables.get("AWS_SECRET_ACCESS_KEY", ""),
                variables.get("AWS_SESSION_TOKEN", ""),
            )
        return _from_file(self.profile or variables.get("AWS_PROFILE", "default"))


def _from_file(profile: str) -> Keys:
    named = os.environ.get("AWS_SHARED_CREDENTIALS_FILE")
    file = Path(named) if named else Path.home() / ".aws" / "credentials"
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
        section = parser[profile]
        return Keys(
            section["aws_access_key_id"],
            section["aws_secret_access_key"],
            section.get("aws_session_token", ""),
        )
    except (OSError, UnicodeDecodeError, configparser.Error, KeyError):
        raise BadInputError(
            f"no keys of AWS: give access_key and secret_key, set AWS_ACCESS_KEY_ID, "
            f"or write a profile {profile} into {file}"
        ) from None


def signed(
    keys: Keys, url: str, body: bytes, headers: Mapping[str, str], region: str, service: str
) -> list[tuple[str, str]]:
    """The headers of a POST, with those that sign it, as of now."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    whole = {**headers, "Host": urlsplit(url).netloc, "X-Amz-Date": stamp}
    if keys.token:
        whole["X-Amz-Security-Token"] = keys.token
    signature = signature_of(keys.secret_key, url, body, whole, region, service)
    names = ";".join(sorted(name.lower() for name in whole))
    credential = f"{keys.access_key}/{_scope(stamp, region, service)}"
    whole["Authorization"] = (
        f"{_ALGORITHM} Credential={credential}, SignedHeaders={names}, Signature={signature}"
    )
    return list(whole.items())


def signature_of(
    secret_key: str, url: str, body: bytes, headers: Mapping[str, str], region: str, service: str
) -> str:
    """Of a POST without a query; all headers are signed, and X-Amz-Date is one of them."""
    lower = {name.lower(): " ".join(value.split()) for name, value in headers.items()}
    names = sorted(lower)
    canonical = "\n".join(
        [
            "POST",
            quote(urlsplit(url).path or "/", safe="/-_.~"),
            "",
            *(f"{name}:{lower[name]}" for name in names),
            "",
            ";".join(names),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    stamp = lower["x-amz-date"]
    scope = _scope(stamp, region, service)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    return hmac.digest(key, text.encode(), "sha256").hex()


def _scope(stamp: str, region: str, service: str) -> str:
    return f"{stamp[:8]}/{region}/{service}/aws4_request"
