"""Secrets that books in the documentation refer to, made up so that the books can be read."""

import re

import pytest


def set_secrets(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set every environment variable that a book's text names as a secret."""
    for name in re.findall(r"env:(\w+)", text):
        monkeypatch.setenv(name, f"made-up-{name}")
