"""Texts no longer than a service takes."""

MARK = "…"
"""Stands for what is left out."""


def cut(text: str, most: int) -> str:
    """At most `most` characters; `…` stands for what is left out."""
    return text if len(text) <= most else text[: most - 1] + MARK


def cut_bytes(text: str, most: int) -> str:
    """At most `most` bytes of UTF-8; `…` stands for what is left out."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most:
        return text
    return encoded[: most - len(MARK.encode())].decode("utf-8", "ignore") + MARK
