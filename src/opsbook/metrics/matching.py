"""Whether a series is meant by a selector."""

from collections.abc import Callable, Sequence

from opsbook.core.labels import Labels
from opsbook.metrics.model import Matcher
from opsbook.metrics.regex import compile_regex


def predicate(matcher: Matcher) -> Callable[[str], bool]:
    """Tells of a label's value, empty where the label is missing, whether it matches."""
    value = matcher.value
    match matcher.op:
        case "=":
            return lambda text: text == value
        case "!=":
            return lambda text: text != value
    full = compile_regex(value).fullmatch
    if matcher.op == "=~":
        return lambda text: full(text) is not None
    return lambda text: full(text) is None


def matching(matchers: Sequence[Matcher]) -> Callable[[Labels], bool]:
    tests = [(matcher.name, predicate(matcher)) for matcher in matchers]

    def matches(labels: Labels) -> bool:
        values = dict(labels)
        return all(test(values.get(name, "")) for name, test in tests)

    return matches
