"""RE2 patterns as Prometheus takes them: anchored at both ends, a dot matches newlines too.

RE2 itself, so that no pattern can take longer than its text is long.
"""

import re
from functools import lru_cache
from typing import Protocol, cast

import re2  # type: ignore[import-untyped]  # the wheel carries no types

from opsbook.core.errors import BadInputError

_OPTIONS = re2.Options()
_OPTIONS.dot_nl = True
_OPTIONS.log_errors = False
_REFERENCE = re.compile(r"\$(?:(\$)|(\w+)|\{(\w+)\})", re.ASCII)


class Match(Protocol):
    """Raises IndexError for a group that the pattern does not have."""

    def __getitem__(self, group: int | str) -> str | None: ...


class Pattern(Protocol):
    def fullmatch(self, text: str) -> Match | None: ...


@lru_cache(maxsize=1024)
def compile_regex(pattern: str) -> Pattern:
    """Raises BadInputError, which quotes the pattern and says what is wrong with it."""
    try:
        return cast("Pattern", re2.compile(pattern, _OPTIONS))
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise BadInputError(f"error parsing regexp: {said}: `{pattern}`") from None


def expanded(template: str, found: Match) -> str:
    """Go's templates: `$1`, `${1}`, `$name`; what names no group is empty."""

    def value(reference: re.Match[str]) -> str:
        if reference[1]:
            return "$"
        name = reference[2] or reference[3]
        try:
            return found[int(name) if name.isdigit() else name] or ""
        except (IndexError, KeyError):
            return ""

    return _REFERENCE.sub(value, template)
