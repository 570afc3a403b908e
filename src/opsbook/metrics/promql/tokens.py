"""The words of an expression with their places, as far as the pre-pass needs to tell them."""

import re
from dataclasses import dataclass

from opsbook.metrics.promql.errors import bad_query

_DURATION = r"(?:\d+(?:ms|[smhdwy]))+"
_NUMBER = r"0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_STRING = r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`"


def _pattern(word: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?P<space>\s+|\#[^\n]*)|(?P<string>{_STRING})|(?P<duration>{_DURATION})(?![\w.])"
        rf"|(?P<number>{_NUMBER})|(?P<word>{word})|(?P<sign>==|!=|>=|<=|=~|!~|[^\w\s\"'`])"
    )


_OUTSIDE = _pattern(r"[A-Za-z_:][\w:]*")
_IN_BRACKETS = _pattern(r"[A-Za-z_]\w*")
"""Between brackets a colon parts range and step; elsewhere it belongs to a name."""


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    """`string`, `duration`, `number`, `word` or `sign`."""
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def tokenize(text: str) -> list[Token]:
    """Tokens without blanks and comments. Raises QueryError on what is none."""
    tokens: list[Token] = []
    at = depth = 0
    while at < len(text):
        found = (_IN_BRACKETS if depth else _OUTSIDE).match(text, at)
        if found is None or found.lastgroup is None:
            raise bad_query(f"{place(text, at)}: parse error: unexpected character: {text[at]!r}")
        if found.lastgroup != "space":
            tokens.append(Token(found.lastgroup, found[0], at))
        depth += (found[0] == "[") - (found[0] == "]" and depth > 0)
        at = found.end()
    return tokens


def place(text: str, at: int) -> str:
    """`line:column`, both from 1, as Prometheus writes a position."""
    line_start = text.rfind("\n", 0, at) + 1
    return f"{text.count(chr(10), 0, at) + 1}:{at - line_start + 1}"
