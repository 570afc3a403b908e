"""Requests signed for object stores, where obstore has no request of the sort."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_EMPTY = hashlib.sha256(b"").hexdigest()
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TOKEN_LASTS = 600
"""Seconds."""


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """Signature Version 4, as the AWS General Reference has it."""

    access: str
    secret: str = field(repr=False)
    region: str

    def sign(self, method: str, url: str, at: datetime) -> dict[str, str]:
        """The headers of a request without a body."""
        place, moment = urlsplit(url), at.strftime("%Y%m%dT%H%M%SZ")
        headers = {"host": place.netloc, "x-amz-content-sha256": _EMPTY, "x-amz-date": moment}
        names = ";".join(headers)
        lines = [f"{name}:{value}" for name, value in headers.items()]
        request = "\n".join([method, place.path, place.query, *lines, "", names, _EMPTY])
        scope = f"{moment[:8]}/{self.region}/s3/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        key = f"AWS4{self.secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}".encode()
        signature = hmac.digest(key, text, "sha256").hex()
        who = f"Credential={self.access}/{scope}, SignedHeaders={names}, Signature={signature}"
        return {**headers, "authorization": f"AWS4-HMAC-SHA256 {who}"}


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A token that a Google service account signs itself (RFC 7519, RS256)."""

    email: str
    key: str = field(repr=False)
    key_id: str

    @classmethod
    def read(cls, credentials: str) -> "ServiceAccount | None":
        """From a key file; None if it is of another sort. Raises ValueError if it is not JSON."""
        known = json.loads(credentials)
        if not isinstance(known, dict) or not known.get("private_key"):
            return None
        return cls(known["client_email"], known["private_key"], known.get("private_key_id", ""))

    def sign(self, _: str, __: str, at: datetime) -> dict[str, str]:
        """The headers of any request."""
        now = int(at.timestamp())
        head = {"alg": "RS256", "typ": "JWT", "kid": self.key_id}
        who = {"iss": self.email, "sub": self.email, "scope": _SCOPE}
        text = f"{_encoded(head)}.{_encoded({**who, 'iat': now, 'exp': now + _TOKEN_LASTS})}"
        key = load_pem_private_key(self.key.encode(), None)
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("the private key of the credentials is no RSA key")
        signature = key.sign(text.encode(), PKCS1v15(), hashes.SHA256())
        return {"authorization": f"Bearer {text}.{_base64(signature)}"}


def _encoded(words: Mapping[str, str | int]) -> str:
    return _base64(json.dumps(words).encode())


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
