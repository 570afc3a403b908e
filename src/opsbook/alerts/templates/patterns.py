"""Regular expressions in templates: RE2, as Go's `regexp` takes them, found anywhere in a text.

Those that match labels are others (`opsbook.metrics.regex`): anchored, and a dot takes newlines.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Protocol, cast

import re2  # type: ignore[import-untyped]  # the wheel carries no types

from opsbook.alerts.templates.language.errors import CallError
from opsbook.alerts.templates.language.limits import TextBuffer
from opsbook.metrics.regex import Match, expanded

_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_MOST_MATCHES = 100_000
"""That are replaced in one text, which takes less than a second."""


class _Found(Match, Protocol):
    def start(self) -> int: ...

    def end(self) -> int: ...


class _Pattern(Protocol):
    def search(self, text: str) -> _Found | None: ...

    def finditer(self, text: str) -> Iterator[_Found]: ...


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> _Pattern:
    try:
        return cast("_Pattern", re2.compile(pattern, _OPTIONS))
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise CallError(f"{pattern[:80]!r} is no regular expression of RE2: {said}") from None


def match(pattern: str, text: str) -> bool:
    """Whether some part of the text matches."""
    return _compiled(pattern).search(text) is not None


def replace_all(pattern: str, replacement: str, text: str) -> str:
    """Every match replaced; `$1`, `${name}` in the replacement are its groups."""
    out = TextBuffer()
    end, replaced_to = 0, -1
    for count, found in enumerate(_compiled(pattern).finditer(text)):
        if count == _MOST_MATCHES:
            raise CallError(f"{pattern[:80]!r} matches too often; match longer parts")
        start = found.start()
        if start == found.end() == replaced_to:
            continue
        out.add(text[end:start])
        out.add(expanded(replacement, found))
        end = replaced_to = found.end()
    out.add(text[end:])
    return str(out)
