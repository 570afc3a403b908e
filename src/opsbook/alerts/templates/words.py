"""The functions on texts that rules and notices have in common."""

from opsbook.alerts.templates.language.values import Html


def upper(text: str) -> str:
    return "".join(_one(character, character.upper()) for character in text)


def lower(text: str) -> str:
    return "".join(character.lower()[0] for character in text)


def title_of(character: str) -> str:
    return _one(character, character.title())


def safe_html(text: str) -> Html:
    """Mark a text as HTML, which is not escaped again."""
    return Html(text)


def _one(character: str, changed: str) -> str:
    """Go changes a character into one other, never into two."""
    return changed if len(changed) == 1 else character
