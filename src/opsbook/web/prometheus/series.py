"""Which series there are, and the names and values of their labels."""

import re
from collections.abc import Sequence
from itertools import islice

from opsbook.core.labels import Labels
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.store import Store
from opsbook.web.prometheus.answers import TRUNCATED, Answer, answer, label_sets
from opsbook.web.prometheus.errors import ApiError, invalid
from opsbook.web.prometheus.parameters import Parameters

_ESCAPED = re.compile(r"__|_([0-9a-fA-F]{1,6})_|([A-Za-z0-9:])")


def matching_series(store: Store, given: Parameters) -> Answer:
    """The answer of `/series`."""
    if not given.texts("match[]"):
        raise ApiError("bad_data", "no match[] parameter provided")
    limit, (start, end) = given.limit(), given.span()
    found: set[Labels] = set()
    try:
        selectors = given.selectors()
    except (ApiError, QueryError) as error:
        raise invalid("match[]", str(error)) from None
    for matchers in selectors:
        found.update(store.matching(matchers, start, end))
    shown = sorted(found)
    if limit and len(shown) > limit:
        return label_sets(shown[:limit], [TRUNCATED])
    return label_sets(shown)


def label_names(store: Store, given: Parameters) -> Answer:
    """The answer of `/labels`."""
    limit, (start, end) = given.limit(), given.span()
    found: set[str] = set()
    for matchers in given.selectors() or [()]:
        found.update(store.label_names(matchers, start, end))
    return _limited(sorted(found), limit)


def label_values(store: Store, name: str, given: Parameters) -> Answer:
    """The answer of `/label/NAME/values`."""
    if name.startswith("U__"):
        name = unescaped(name)
    if not name:
        raise ApiError("bad_data", 'invalid label name: ""')
    limit, (start, end) = given.limit(), given.span()
    found: set[str] = set()
    for matchers in given.selectors() or [()]:
        found.update(store.label_values(name, matchers, start, end))
    return _limited(sorted(found), limit)


def unescaped(name: str) -> str:
    """The name behind `U__`, in which `_2e_` stands for a dot and `__` for `_`.

    Source: Prometheus' UTF-8 guide. What is malformed is a name of its own.
    """
    parts, at = [], 3
    while at < len(name):
        found = _ESCAPED.match(name, at)
        if found is None:
            return name
        code = int(found[1], 16) if found[1] else None
        if code is not None and (code > 0x10FFFF or 0xD800 <= code <= 0xDFFF):
            return name
        parts.append(chr(code) if code is not None else found[2] or "_")
        at = found.end()
    return "".join(parts)


def _limited(found: Sequence[str], limit: int) -> Answer:
    if limit and len(found) > limit:
        return answer(list(islice(found, limit)), [TRUNCATED])
    return answer(found)
