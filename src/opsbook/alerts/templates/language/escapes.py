"""What `html`, `js` and `urlquery` make of a text."""

import urllib.parse

from opsbook.alerts.templates.language.values import encoded

_HTML = {'"': "&#34;", "'": "&#39;", "&": "&amp;", "<": "&lt;", ">": "&gt;", "\0": "\ufffd"}
_IN_TEXT = str.maketrans(_HTML)
_IN_PAGE = str.maketrans({**_HTML, "+": "&#43;"})
_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026"}


def html(text: str) -> str:
    return text.translate(_IN_TEXT)


def page(text: str) -> str:
    """As `html/template` escapes what stands in a page: a plus too, for old browsers."""
    return text.translate(_IN_PAGE)


def js(text: str) -> str:
    return "".join(_js(character) for character in text)


def _js(character: str) -> str:
    if character in _JS:
        return _JS[character]
    if character < " " or character == "=" or (character > "\x7f" and not character.isprintable()):
        return f"\\u{ord(character):04X}"
    return character


def urlquery(text: str) -> str:
    return urllib.parse.quote_plus(encoded(text), safe="~").replace("%7E", "~")
