"""Addresses to send to: often secrets, for whoever knows them may send."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_core.core_schema import ValidationInfo

from opsbook.book.fields import TextOrSecret, revealed
from opsbook.book.model import Section
from opsbook.core.secrets import Secret
from opsbook.metrics.scraping.notation import Text
from opsbook.metrics.scraping.secret import HeldSecret, PlainSecret


def check_url(url: str) -> str:
    """The URL itself. Raises ValueError, which does not repeat it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(character <= " " for character in url):
        raise ValueError("not an http or https URL: write https://host/path")
    return url


def origin(url: str) -> str:
    """The URL without what may be secret: its path, its query, user and password."""
    parts = urlsplit(url)
    rest = "/***" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{rest}"


def shown(address: Secret | str | None, file: object) -> str:
    """Where it is, for people: what can be said of an address without asking for a secret."""
    if isinstance(address, PlainSecret):
        return origin(address.reveal())
    if isinstance(address, Secret):
        return f"the URL in {address.reference}"
    return origin(address) if address else f"the URL in {file}"


def _checked(value: Any) -> Any:
    text = value.reveal() if isinstance(value, PlainSecret) else value
    if isinstance(text, str) and "{{" not in text:
        check_url(text)
    return value


def _held(value: Any, info: ValidationInfo) -> Any:
    if (info.context or {}).get("plain_secrets") and isinstance(value, str):
        return PlainSecret(value) if value else None
    return value or None


def required(section: Section, *names: str) -> None:
    """Raises ValueError where none of the fields is set."""
    if all(getattr(section, name) in (None, "") for name in names):
        first, *others = names
        hint = f"give {first}" + "".join(f" or {name}" for name in others)
        raise ValueError(f"{first} is missing: {hint}")


def revealed_text(secret: Secret | str | None) -> str:
    """Raises BadInputError if there is none where there should be."""
    return "" if secret is None else revealed(secret).strip()


SecretUrl = Annotated[HeldSecret, AfterValidator(_checked)]
"""In a book a reference, in Alertmanager's file the URL itself."""

HeldText = Annotated[TextOrSecret | None, BeforeValidator(_held)]
"""Text or a reference in a book; in Alertmanager's file the text itself, which is kept secret."""

HeldUrl = Annotated[HeldText, AfterValidator(_checked)]

PlainUrl = Annotated[Text, AfterValidator(check_url)]
"""No secret."""
