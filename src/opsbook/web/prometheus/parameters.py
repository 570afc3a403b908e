"""What a request asks for: the parameters of its URL and of a form in its body."""

import math
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl

from starlette.requests import Request

from opsbook.metrics.durations import parse_duration
from opsbook.metrics.model import Matcher
from opsbook.metrics.promql.errors import QueryError
from opsbook.metrics.promql.nodes import Selector
from opsbook.metrics.promql.parse import parse
from opsbook.web.prometheus.errors import ApiError, invalid
from opsbook.web.prometheus.matching import matches

EARLIEST, LATEST = -(2**53), 2**53
"""Milliseconds; what lies beyond could not be told apart as seconds in a float."""
_LARGEST_FORM = 1024 * 1024
_FORM = "application/x-www-form-urlencoded"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_ENDS_OF_TIME = {
    "-292273086-05-16T16:47:06Z": EARLIEST,
    "292277025-08-18T07:12:54.999999999Z": LATEST,
}
"""What Prometheus' own client sends where no time was given."""
_ALL = "must contain at least one non-empty matcher"
_MOST_SECONDS = 2**63 / 1e9


class Parameters:
    """Names and values as they came; where one came twice, the first counts."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = pairs

    @property
    def question(self) -> tuple[tuple[str, str], ...] | None:
        """The same for the same words; None where they are to be answered anew."""
        pairs = tuple(self._pairs)
        return None if ("nocache", "1") in pairs or self.text("stats") else pairs

    def text(self, name: str) -> str:
        """Empty where it is missing."""
        return next((value for key, value in self._pairs if key == name), "")

    def texts(self, name: str) -> list[str]:
        return [value for key, value in self._pairs if key == name]

    def moment(self, name: str) -> int:
        """A time that has to be there, in ms since 1970."""
        try:
            return _milliseconds(self.text(name))
        except ValueError as error:
            raise invalid(name, str(error)) from None

    def moment_or(self, name: str, default: int) -> int:
        text = self.text(name)
        try:
            return _milliseconds(text) if text else default
        except ValueError as error:
            raise invalid(name, f"Invalid time value for '{name}': {error}") from None

    def span(self) -> tuple[int, int]:
        """From `start` to `end`, all of time where they are missing."""
        return self.moment_or("start", EARLIEST), self.moment_or("end", LATEST)

    def seconds(self, name: str) -> float:
        """A duration that has to be there: a number of seconds, or `1h30m`."""
        try:
            return _seconds(self.text(name))
        except ValueError as error:
            raise invalid(name, str(error)) from None

    def seconds_or(self, name: str, default: float) -> float:
        return self.seconds(name) if self.text(name) else default

    def limit(self) -> int:
        """0 where there is none."""
        text = self.text("limit")
        if not text:
            return 0
        if not re.fullmatch(r"[+-]?\d{1,18}", text):
            raise invalid("limit", f'strconv.Atoi: parsing "{text}": invalid syntax')
        if int(text) < 0:
            raise invalid("limit", "limit must be non-negative")
        return int(text)

    def count(self, name: str) -> int:
        """A limit as the older paths take it; -1 where there is none."""
        text = self.text(name)
        if text and not re.fullmatch(r"[+-]?\d{1,18}", text):
            raise ApiError("bad_data", f"{name} must be a number")
        return int(text) if text else -1

    def selectors(self) -> list[tuple[Matcher, ...]]:
        """What each `match[]` selects, at least one label among it. Raises QueryError too."""
        return [_narrow(text) for text in self.texts("match[]")]


async def parameters(request: Request) -> Parameters:
    """Those of the form before those of the URL; the form must not be without end."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST_FORM:
            raise ApiError("bad_data", "error parsing form values: the form is larger than 1 MiB")
    form: list[tuple[str, str]] = []
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
        form = parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True)
    return Parameters([*form, *request.query_params.multi_items()])


def selector(text: str) -> tuple[Matcher, ...]:
    """The matchers of a selector that stands alone. Raises QueryError, ApiError."""
    node = parse(text)
    alone = isinstance(node, Selector) and node.when.at is None and node.when.offset is None
    if not alone or text.lstrip().startswith("("):
        raise ApiError("bad_data", f"1:1: parse error: {text} is not a selector alone")
    assert isinstance(node, Selector)
    return node.matchers


def _narrow(text: str) -> tuple[Matcher, ...]:
    try:
        found = selector(text)
    except QueryError as error:
        if _ALL not in str(error):
            raise
        found = ()
    if matches({}, found):
        raise ApiError("bad_data", f"match[] {_ALL}")
    return found


def _milliseconds(text: str) -> int:
    """Seconds, or RFC 3339. Raises ValueError."""
    if text in _ENDS_OF_TIME:
        return _ENDS_OF_TIME[text]
    try:
        if _NUMBER.fullmatch(text) and math.isfinite(float(text)):
            return round(float(text) * 1000)
        if _RFC_3339.fullmatch(text):
            return math.floor(datetime.fromisoformat(text).timestamp() * 1000 + 1e-4)
    except (ValueError, OverflowError):
        pass  # a 32nd of a month
    raise ValueError(f'cannot parse "{text}" to a valid timestamp')


def _seconds(text: str) -> float:
    """A number, or Prometheus' duration. Raises ValueError."""
    try:
        seconds = float(text) if _NUMBER.fullmatch(text) else parse_duration(text)
    except ValueError:
        raise ValueError(f'cannot parse "{text}" to a valid duration') from None
    if abs(seconds) > _MOST_SECONDS:
        raise ValueError(f'cannot parse "{text}" to a valid duration. It overflows int64')
    return seconds
