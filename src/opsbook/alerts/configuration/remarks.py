"""What is allowed in a configuration, and is not carried out or can hardly be meant."""

from collections.abc import Iterator, Mapping

from opsbook.alerts.configuration.document import Document
from opsbook.alerts.configuration.left_out import GLOBAL, TOP
from opsbook.alerts.configuration.route import RouteConfig
from opsbook.alerts.routing.route import Manner
from opsbook.book.model import Section
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.metrics.durations import format_duration
from opsbook.metrics.scraping.left_out import LeftOut


def find_remarks(document: Document, source: Source, at: Path_ = ()) -> list[Problem]:
    """`at` is where in the source the document stands."""
    found = [
        *_left_out((), document, TOP),
        *_left_out(("global",), document.global_, GLOBAL),
        *_unused(document),
    ]
    if document.route is not None:
        found += _hasty(document.route, ("route",), Manner(""))
    return [_problem(source, (*at, *path), what, remedy) for path, what, remedy in found]


_Found = Iterator[tuple[Path_, str, str]]


def _problem(source: Source, path: Path_, what: str, remedy: str) -> Problem:
    mark = source.keys.get(path, source.mark(path))
    return Problem(mark, dotted(path), what, remedy)


def _left_out(path: Path_, section: Section, table: Mapping[str, LeftOut]) -> _Found:
    for key in sorted(section.model_fields_set & table.keys()):
        if getattr(section, key) is not None:
            yield (*path, key), "not carried out by Opsbook", table[key].instead


def _unused(document: Document) -> _Found:
    if document.route is None:
        return
    used = {each.receiver for each in _all(document.route)}
    used |= {receiver.fallback for receiver in document.receivers}
    for number, receiver in enumerate(document.receivers):
        if receiver.name not in used:
            what = f"no route leads to the receiver {receiver.name!r}"
            yield ("receivers", number, "name"), what, "it is never told anything"


def _all(route: RouteConfig) -> Iterator[RouteConfig]:
    yield route
    for below in route.routes:
        yield from _all(below)


def _hasty(route: RouteConfig, path: Path_, above: Manner) -> _Found:
    """Repeats wait for the next turn of the group."""
    own = Manner(
        receiver="",
        group_interval=route.group_interval or above.group_interval,
        repeat_interval=route.repeat_interval or above.repeat_interval,
    )
    if own.repeat_interval < own.group_interval and own != above:
        repeat, turn = map(format_duration, (own.repeat_interval, own.group_interval))
        key = "repeat_interval" if route.repeat_interval else "group_interval"
        what = f"repeat_interval {repeat} is shorter than group_interval {turn}"
        yield (*path, key), what, f"what does not change is told again every {turn}"
    for number, below in enumerate(route.routes):
        yield from _hasty(below, (*path, "routes", number), own)
