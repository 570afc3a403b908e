"""Numbers as a template's text has them."""

import math
import re

from opsbook.alerts.templates.language.quoting import unquoted

_DIGITS = re.compile(
    r"[+-]?(0[xX](_?[0-9a-fA-F])+|0[bB](_?[01])+|0[oO]?(_?[0-7])+|0|[1-9](_?[0-9])*)"
)
_FLOAT = re.compile(
    r"[+-]?([0-9](_?[0-9])*(\.([0-9](_?[0-9])*)?)?|\.[0-9](_?[0-9])*)([eE][+-]?\d+)?"
)
_HEX_FLOAT = re.compile(r"[+-]?0[xX]_?[0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?\d+")
_LEAST, _GREATEST = -(1 << 63), (1 << 63) - 1


def number(text: str) -> int | float:
    """An int of 64 bits; a float where the text has a point or an exponent. Raises ValueError."""
    if _DIGITS.fullmatch(text):
        return _int(text)
    if _FLOAT.fullmatch(text) and any(sign in text for sign in ".eE"):
        return _finite(float(text.replace("_", "")), text)
    if _HEX_FLOAT.fullmatch(text):
        return _finite(float.fromhex(text.replace("_", "")), text)
    raise ValueError(f"{text} is not a number")


def character(literal: str) -> int:
    """The code of a character in single quotes. Raises ValueError."""
    text = unquoted(literal)
    if len(text) != 1:
        raise ValueError(f"{literal} is not one character; write a text in double quotes")
    return ord(text)


def _int(text: str) -> int:
    plain = text.replace("_", "").lower()
    digits = plain.lstrip("+-")
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    value = int(plain, 8 if octal else 0)
    if not _LEAST <= value <= _GREATEST:
        raise ValueError(f"{text} does not fit into 64 bits")
    return value


def _finite(value: float, text: str) -> float:
    if math.isinf(value):
        raise ValueError(f"{text} is greater than any number")
    return value
