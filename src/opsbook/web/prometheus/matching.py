"""Whether matchers take a set of labels that is no series of the store."""

from collections.abc import Mapping, Sequence

from opsbook.metrics.model import Matcher
from opsbook.metrics.regex import compile_regex


def matches(labels: Mapping[str, str], matchers: Sequence[Matcher]) -> bool:
    """A label that is missing is empty. Raises BadInputError on a bad regular expression."""
    return all(_takes(matcher, labels.get(matcher.name, "")) for matcher in matchers)


def _takes(matcher: Matcher, value: str) -> bool:
    if matcher.op in ("=", "!="):
        return (value == matcher.value) is (matcher.op == "=")
    fits = compile_regex(matcher.value).fullmatch(value) is not None
    return fits is (matcher.op == "=~")
