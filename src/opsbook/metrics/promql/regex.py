"""RE2 patterns as Prometheus takes them: anchored at both ends, a dot matches newlines too.

Python's own engine backtracks, so patterns on which it could take for ever are refused.
"""

import re
from functools import lru_cache
from re import _constants as code  # type: ignore[attr-defined]  # the parsed form has no public door
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from opsbook.metrics.promql.errors import bad_query

_CLASSES = {
    "d": "0-9",
    "w": "0-9A-Za-z_",
    "s": r"\t\n\f\r ",
}
_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7F",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_PIECE = re.compile(
    r"(?P<literal>\\Q.*?(?:\\E|$))|(?P<escape>\\.)|(?P<posix>\[:\^?\w+:\])"
    r"|(?P<flags>\(\?[imsU-]+\))|(?P<named>\(\?<(?=[A-Za-z_]))|(?P<sign>.)",
    re.DOTALL,
)


@lru_cache(maxsize=1024)
def compile_regex(pattern: str) -> re.Pattern[str]:
    """To be used with `fullmatch`. Raises QueryError, type `bad_data`."""
    try:
        translated = _translate(pattern)
        _refuse_slow(parser.parse(translated, re.DOTALL))
        return re.compile(translated, re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        raise bad_query(f"error parsing regexp: {error}: `{pattern}`") from None


def _translate(pattern: str) -> str:
    """RE2's spelling → Python's. A flag inside a group holds to the group's end."""
    out: list[str] = []
    open_flags = [0]
    in_class = False
    for piece in _PIECE.finditer(pattern):
        text = piece[0]
        match piece.lastgroup:
            case "literal":
                out.append(re.escape(text.removeprefix(r"\Q").removesuffix(r"\E")))
            case "escape":
                out.append(_escape(text[1], in_class))
            case "posix" if in_class:
                out.append(_posix(text))
            case "flags" if not in_class:
                out.append(text[:-1] + ":")
                open_flags[-1] += 1
            case "named" if not in_class:
                out.append("(?P<")
                open_flags.append(0)
            case _:
                in_class = _sign(text, out, open_flags, in_class)
    return "".join(out) + ")" * open_flags[0]


def _sign(text: str, out: list[str], open_flags: list[int], in_class: bool) -> bool:
    """Appends one plain piece and tells whether a character class is open behind it."""
    for sign in text:
        if in_class:
            out.append(r"\[" if sign == "[" else sign)
            in_class = sign != "]"
            continue
        if sign == "(":
            open_flags.append(0)
        elif sign == ")" and len(open_flags) > 1:
            out.append(")" * open_flags.pop())
        out.append(r"\Z" if sign == "$" else sign)
        in_class = sign == "["
    return in_class


def _escape(letter: str, in_class: bool) -> str:
    if letter in _CLASSES:
        return _CLASSES[letter] if in_class else f"[{_CLASSES[letter]}]"
    if letter.lower() in _CLASSES:
        if in_class:
            raise re.error(f"\\{letter} inside a class is not supported")
        return f"[^{_CLASSES[letter.lower()]}]"
    if letter == "z":
        return r"\Z"
    if letter in "bB":
        return rf"(?a:\{letter})"
    if letter in "123456789":
        raise re.error("invalid escape sequence: no backreferences")
    return f"\\{letter}"


def _posix(text: str) -> str:
    name = text.strip("[:]").removeprefix("^")
    if "^" in text or name not in _POSIX:
        raise re.error(f"invalid character class range: {text}")
    return _POSIX[name]


_MOST_ENDLESS = 3
_MOST_OPTIONAL = 12


def _refuse_slow(tree: Any) -> None:
    """Raises re.error where the ways to match grow faster than a small power of the length."""
    endless, optional = _choices(tree, repeated=False)
    if endless > _MOST_ENDLESS or optional > _MOST_OPTIONAL:
        raise re.error("so many repetitions are refused: matching may take too long")


def _choices(tree: Any, *, repeated: bool) -> tuple[int, int]:
    """How many repetitions may end at several places, and how many parts may be left out."""
    endless = optional = 0
    parts = list(tree)
    for at, (op, value) in enumerate(parts):
        inner = (0, 0)
        if op in (code.MAX_REPEAT, code.MIN_REPEAT):
            least, most, body = value
            if repeated and least != most:
                raise re.error("a repetition inside a repetition is refused: it may never end")
            inner = _choices(body, repeated=repeated or most > 1)
            optional += most == 1
            endless += most > 1 and least != most and not _ends_surely(body, parts[at + 1 :])
        elif op is code.SUBPATTERN:
            inner = _choices(value[3], repeated=repeated)
        elif op is code.BRANCH:
            if repeated:
                raise re.error("a choice inside a repetition is refused: it may never end")
            found = [_choices(branch, repeated=False) for branch in value[1]]
            inner = max(one for one, _ in found), max(other for _, other in found)
        elif op in (code.ASSERT, code.ASSERT_NOT, code.GROUPREF):
            raise re.error("invalid or unsupported Perl syntax")
        endless, optional = endless + inner[0], optional + inner[1]
    return endless, optional


def _ends_surely(body: Any, rest: list[Any]) -> bool:
    """Whether the sign that follows cannot be one of those that are repeated: `[0-9]+\\.`"""
    if len(body) != 1 or not rest or rest[0][0] is not code.LITERAL:
        return False
    op, value = body[0]
    if op is code.LITERAL:
        return bool(value != rest[0][1])
    return op is code.IN and not _holds(value, rest[0][1])


def _holds(members: Any, sign: int) -> bool:
    negated = members[0][0] is code.NEGATE
    within = any(
        (op is code.LITERAL and value == sign)
        or (op is code.RANGE and value[0] <= sign <= value[1])
        for op, value in members
    )
    return within != negated
