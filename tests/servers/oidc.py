"""A small OpenID provider on a free port, which also lies where a test has it lie."""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "opsbook", "a secret of the client"


@dataclass
class Provider:
    """Signs in whoever is `person`. `alter` changes the claims of an ID token."""

    issuer: str
    person: dict[str, Any] = field(
        default_factory=lambda: {"preferred_username": "ada", "groups": ["sre"]}
    )
    alter: Callable[[dict[str, Any]], None] = lambda claims: None
    key: RSAKey = field(default_factory=lambda: new_key("first"))
    """With which it signs."""
    shown: RSAKey | None = None
    """The key that it says it signs with, if that is another."""
    algorithm: str = "RS256"
    begun: dict[str, dict[str, str]] = field(default_factory=dict)
    """Code → what the authorization was asked with."""

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def keys(self) -> dict[str, Any]:
        return dict(KeySet([self.shown or self.key]).as_dict(private=False))

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent."""
        code = secrets.token_urlsafe(8)
        self.begun[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        begun = self.begun.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET.replace(' ', '+')}".encode()).decode()
        plain = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization not in (f"Basic {basic}", f"Basic {plain}"):
            return 401, {"error": "invalid_client"}
        if begun is None or form["redirect_uri"] != begun["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != begun["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self._signed(begun)}

    def _signed(self, begun: dict[str, str]) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 300}
        told: dict[str, Any] = {**claims, "nonce": begun["nonce"], **self.person}
        self.alter(told)
        header = {"alg": self.algorithm, "kid": self.key.kid}
        return jwt.encode(header, told, self.key, algorithms=[self.algorithm])


def new_key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig"})


@contextmanager
def provider() -> Iterator[Provider]:
    """One that answers until the end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        made = Provider(f"http://127.0.0.1:{server.server_port}")
        server.provider = made  # type: ignore[attr-defined]  # for the handler
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        made: Provider = self.server.provider  # type: ignore[attr-defined]
        parts = urlsplit(self.path)
        if parts.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.send_response(302)
            self.send_header("Location", made.authorize(asked))
            self.end_headers()
        elif parts.path == "/keys":
            self._answer(200, made.keys())
        else:
            self._answer(200, made.metadata())

    def do_POST(self) -> None:
        made: Provider = self.server.provider  # type: ignore[attr-defined]
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(text).items()}
        self._answer(*made.token(form, self.headers.get("Authorization", "")))

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass
