"""The text of a token, and what may be kept and told of it."""

import hashlib
import secrets

from opsbook.core.secrets import hidden

PREFIX = "opsbook_"
"""By it people, and programs that look for leaked secrets, know what they found."""
_LENGTH_OF_ID = 10


def new_token() -> str:
    """256 random bits; from now on masked wherever text leaves."""
    return hidden(PREFIX + secrets.token_urlsafe(32))


def hash_of(token: str) -> str:
    """What is kept of it. With so many random bits there is nothing to guess, so one round of
    SHA-256 is as good as a slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def id_of(hashed: str) -> str:
    """What a token is called where it must not be told, from its hash."""
    return hashed[:_LENGTH_OF_ID]
