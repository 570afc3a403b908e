"""Quoted texts and characters, as Go's `strconv` writes and reads them."""

import re

from opsbook.alerts.templates.language.values import decoded

_SIMPLE = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92}
_NAMED = {chr(code): f"\\{letter}" for letter, code in _SIMPLE.items()}
_ESCAPE = re.compile(
    r"""\\(?:([abfnrtv\\'"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|)"""
)
_LAST = 0x10FFFF


def quoted(text: str, mark: str = '"', ascii_only: bool = False) -> str:
    return mark + "".join(_shown(character, mark, ascii_only) for character in text) + mark


def _shown(character: str, mark: str, ascii_only: bool) -> str:
    code = ord(character)
    if character == mark:
        return f"\\{mark}"
    if character in _NAMED:
        return _NAMED[character]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if character.isprintable() and (code < 0x80 or not ascii_only):
        return character
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unquoted(literal: str) -> str:
    """What a literal in `"`, `'` or backquotes stands for. Raises ValueError."""
    mark, body = literal[0], literal[1:-1]
    if mark == "`":
        return body.replace("\r", "")
    parts: list[bytes] = []
    end = 0
    for found in _ESCAPE.finditer(body):
        parts += [body[end : found.start()].encode("utf-8", "surrogateescape")]
        parts += [_meant(found, mark)]
        end = found.end()
    return decoded(b"".join([*parts, body[end:].encode("utf-8", "surrogateescape")]))


def _meant(found: re.Match[str], mark: str) -> bytes:
    simple, octal, byte, *codes = found.groups()
    if simple and (simple not in "'\"" or simple == mark):
        return bytes([_SIMPLE.get(simple, ord(simple))])
    if octal or byte:
        value = int(octal, 8) if octal else int(byte, 16)
        if value < 0x100:
            return bytes([value])
    code = int(codes[0] or codes[1] or "-1", 16)
    if not 0 <= code <= _LAST or 0xD800 <= code < 0xE000:
        raise ValueError("there is no such escape; write \\\\ for a backslash")
    return chr(code).encode()
