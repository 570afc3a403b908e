"""The provider: where it is asked, and what it says about people."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]  # it ships no types
    prepare_grant_uri,
)
from authlib.oauth2.rfc7636 import (  # type: ignore[import-untyped]
    create_s256_code_challenge,
)
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from opsbook.core.clock import Clock
from opsbook.core.errors import OpsbookError
from opsbook.web.oidc.flow import Flow
from opsbook.web.oidc.settings import OidcSettings

_TIMEOUT = 10.0
"""Seconds for one answer."""
_LARGEST = 1024 * 1024
"""Bytes of one answer."""
_KNOWN_FOR = 3600.0
"""Seconds; a key that is not known has them fetched again, at most twice a minute."""
_ASKED_AGAIN = 30.0
_LEEWAY = 60
"""Seconds between two clocks."""
_SIGNED_BY = [*("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), "ES256", "ES384", "EdDSA"]
"""By keys of the provider's own: never `none`, and nothing that the client secret could sign."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ProviderError(OpsbookError):
    """The provider cannot be asked, or says what is not believed; the text says what."""


@dataclass(frozen=True, slots=True)
class _Known:
    authorization: str
    token: str
    keys: KeySet
    at: float


class Provider:
    """Belongs to one event loop."""

    def __init__(self, settings: OidcSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._known: _Known | None = None

    async def way_there(self, flow: Flow, back: str) -> str:
        """The URL where somebody shows who they are; `back` is where they are sent then. Raises
        ProviderError."""
        known = await self._metadata(_KNOWN_FOR)
        url: str = prepare_grant_uri(
            known.authorization,
            self._settings.client_id,
            "code",
            redirect_uri=back,
            scope=" ".join(self._settings.scopes),
            state=flow.state,
            nonce=flow.nonce,
            code_challenge=create_s256_code_challenge(flow.verifier),
            code_challenge_method="S256",
        )
        return url

    async def claims(self, code: str, flow: Flow, back: str) -> Mapping[str, Any]:
        """What the provider says about whoever came back with a code. Raises ProviderError."""
        known = await self._metadata(_KNOWN_FOR)
        answer = await self._post(
            known.token,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": back,
                "code_verifier": flow.verifier,
            },
        )
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise ProviderError(f"{known.token} gave no ID token")
        return self._believed(await self._read(token), flow, answer.get("access_token"))

    async def _read(self, token: str) -> jwt.Token:
        """With the signature verified. Raises ProviderError."""
        for old in (_KNOWN_FOR, _ASKED_AGAIN):
            known = await self._metadata(old)
            try:
                return jwt.decode(token, known.keys, algorithms=_SIGNED_BY)
            except InvalidKeyIdError:
                continue  # the provider has another key now, perhaps
            except (JoseError, ValueError) as error:
                raise ProviderError(f"the ID token is not believed: {error}") from None
        raise ProviderError("the ID token is not believed: the provider does not know its key")

    def _believed(self, token: jwt.Token, flow: Flow, access_token: Any) -> Mapping[str, Any]:
        """Source: OpenID Connect Core 1.0, 3.1.3.7. Raises ProviderError."""
        own = self._settings
        wanted = {
            "iss": {"essential": True, "value": own.issuer},
            "aud": {"essential": True, "value": own.client_id},
        }
        shown = {"nonce": flow.nonce, "client_id": own.client_id, "access_token": access_token}
        claims = CodeIDToken(token.claims, token.header, wanted, shown)
        try:
            claims.validate(int(self._clock.now()), _LEEWAY)
        except JoseError as error:
            raise ProviderError(f"the ID token is not believed: {error}") from None
        return dict(claims)

    async def _metadata(self, old: float) -> _Known:
        """Fetched anew where it is older than so many seconds. Raises ProviderError."""
        now = self._clock.monotonic()
        if self._known is not None and now - self._known.at < old:
            return self._known
        issuer = self._settings.issuer
        found = await self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise ProviderError(
                f"{issuer} calls itself {found.get('issuer')!r}: mend web.oidc.issuer"
            )
        places = [
            _safe(found, name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        ]
        keys = await self._get(places[2])
        try:
            known = KeySet.import_key_set(keys)  # type: ignore[arg-type]  # it is looked at there
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise ProviderError(f"{places[2]} gives no keys: {error!r}") from None
        self._known = _Known(places[0], places[1], known, now)
        return self._known

    async def _get(self, url: str) -> dict[str, Any]:
        async with _client() as client:
            return await _answer(client, client.build_request("GET", url))

    async def _post(self, url: str, form: dict[str, str]) -> dict[str, Any]:
        own = self._settings
        secret = own.client_secret.reveal()
        async with _client() as client:
            request = client.build_request("POST", url, data=form)
            return await _answer(client, request, httpx2.BasicAuth(own.client_id, secret))


def _client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)


async def _answer(
    client: httpx2.AsyncClient, request: httpx2.Request, auth: httpx2.BasicAuth | None = None
) -> dict[str, Any]:
    """A JSON object. Raises ProviderError."""
    try:
        answer = await client.send(request, stream=True, auth=auth)
        try:
            body = await _body(answer)
        finally:
            await answer.aclose()
        found = json.loads(body)
    except httpx2.HTTPError as error:
        raise ProviderError(f"{request.url} cannot be asked: {error!r}") from None
    except ValueError:
        raise ProviderError(
            f"{request.url} answers {answer.status_code}, and not in JSON"
        ) from None
    if answer.status_code != 200 or not isinstance(found, dict):
        said = found.get("error", "") if isinstance(found, dict) else ""
        raise ProviderError(f"{request.url} answers {answer.status_code} {str(said)[:100]}".strip())
    return found


async def _body(answer: httpx2.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > _LARGEST:
            raise ProviderError(f"{answer.url} answers with more than {_LARGEST} bytes")
    return bytes(body)


def _safe(found: Mapping[str, Any], name: str) -> str:
    """Raises ProviderError."""
    url = found.get(name)
    parts = urlsplit(url) if isinstance(url, str) else None
    if parts is None or (parts.scheme != "https" and parts.hostname not in _LOOPBACK):
        raise ProviderError(f"the provider's {name} is {url!r}, and has to be an https URL")
    return str(url)
