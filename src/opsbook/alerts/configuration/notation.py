"""How Alertmanager's configuration writes matchers and lengths of time."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from opsbook.alerts.routing.matchers import make_matcher, parse_matchers
from opsbook.core.errors import BadInputError
from opsbook.metrics.durations import PrometheusDuration
from opsbook.metrics.model import Matcher
from opsbook.metrics.scraping.notation import Text

_read = lru_cache(maxsize=4096)(parse_matchers)
"""Each text is read when it is checked and when it is used, and warned of once."""


def all_matchers(
    equal: Mapping[str, str], patterns: Mapping[str, str], texts: Iterable[str]
) -> tuple[Matcher, ...]:
    """What `match`, `match_re` and `matchers` say together. Alertmanager anchors the patterns of
    `match_re` in writing, and so they stand in the keys of groups."""
    return (
        *(make_matcher(name, "=", value) for name, value in equal.items()),
        *(make_matcher(name, "=~", f"^(?:{text})$") for name, text in patterns.items()),
        *(matcher for text in texts for matcher in _read(text)),
    )


def _matchers(text: str) -> str:
    try:
        _read(text)
    except BadInputError as error:
        reason = str(error).removeprefix(f"matchers `{text}`: ")
        raise ValueError(f"not matchers: {reason}") from None
    return text


def _pattern(text: str) -> str:
    try:
        make_matcher("", "=~", text)
    except BadInputError as error:
        raise ValueError(str(error)) from None
    return text


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("no pattern: write .* for any value")
    return value


def _more_than_zero(seconds: float) -> float:
    if seconds == 0:
        raise ValueError("cannot be zero: write, for example, 5m")
    return seconds


MatcherText = Annotated[Text, AfterValidator(_matchers)]
"""One matcher or several, in either of Alertmanager's languages."""

Pattern = Annotated[Text, AfterValidator(_pattern), BeforeValidator(_given)]
"""A regular expression (RE2), which has to match the whole value."""

Period = Annotated[PrometheusDuration, AfterValidator(_more_than_zero)]
