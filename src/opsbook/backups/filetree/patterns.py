"""Which paths are left out: `*.pyc` at any depth, `cache/**` from the top."""

import re
from collections.abc import Iterable

_WORDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
_WORD = re.compile(r"\*\*/|\*\*|\*|\?")


class Patterns:
    """A pattern without a slash is meant for names at any depth, one with a slash for paths
    below the top; both leave out what lies below too."""

    def __init__(self, patterns: Iterable[str]) -> None:
        each = [_expression(pattern) for pattern in patterns]
        self._expression = re.compile("|".join(each), re.DOTALL) if each else None

    def match(self, path: str) -> bool:
        return self._expression is not None and self._expression.fullmatch(path) is not None


def _expression(pattern: str) -> str:
    pattern = pattern.rstrip("/")
    anywhere = "" if "/" in pattern else "(?:.*/)?"
    words, done = [], 0
    pattern = pattern.removeprefix("/")
    for found in _WORD.finditer(pattern):
        words += [re.escape(pattern[done : found.start()]), _WORDS[found[0]]]
        done = found.end()
    return f"{anywhere}{''.join(words)}{re.escape(pattern[done:])}"
