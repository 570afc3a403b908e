"""What is wrong with a configuration whose parts are well-formed each by itself."""

from collections.abc import Collection, Iterator

from opsbook.alerts.configuration.document import Document
from opsbook.alerts.configuration.route import RouteConfig
from opsbook.book.problems import Problem
from opsbook.book.source import Path_, Source, dotted
from opsbook.core.errors import hint_for


def find_problems(document: Document, source: Source, at: Path_ = ()) -> list[Problem]:
    """`at` is where in the source the document stands."""
    return [
        Problem(source.mark((*at, *path)), dotted((*at, *path)), what, remedy)
        for path, what, remedy in _found(document, source, at)
    ]


_Found = Iterator[tuple[Path_, str, str | None]]


def _found(document: Document, source: Source, at: Path_) -> _Found:
    yield from _repeated_receivers(document, source, at)
    yield from _repeated_intervals(document, source, at)
    yield from _bad_fallbacks(document)
    if document.route is not None:
        receivers = dict.fromkeys(receiver.name for receiver in document.receivers)
        intervals = dict.fromkeys(interval.name for interval in document.intervals)
        yield from _bad_root(document.route)
        yield from _unknown_names(document.route, ("route",), receivers, intervals)


def _repeated_receivers(document: Document, source: Source, at: Path_) -> _Found:
    first: dict[str, Path_] = {}
    for number, receiver in enumerate(document.receivers):
        path: Path_ = ("receivers", number, "name")
        if receiver.name in first:
            mark = source.mark((*at, *first[receiver.name]))
            what = f"not a name of its own (got {receiver.name!r})"
            yield path, what, f"{mark} has that name already; rename one"
        first.setdefault(receiver.name, path)


def _repeated_intervals(document: Document, source: Source, at: Path_) -> _Found:
    first: dict[str, Path_] = {}
    for section in ("mute_time_intervals", "time_intervals"):
        for number, interval in enumerate(getattr(document, section)):
            path: Path_ = (section, number, "name")
            if interval.name in first:
                mark = source.mark((*at, *first[interval.name]))
                what = f"not a name of its own (got {interval.name!r})"
                yield path, what, f"{mark} has that name already; rename one"
            first.setdefault(interval.name, path)


def _bad_fallbacks(document: Document) -> _Found:
    fallbacks = {receiver.name: receiver.fallback for receiver in document.receivers}
    for number, receiver in enumerate(document.receivers):
        path: Path_ = ("receivers", number, "fallback")
        if not receiver.fallback:
            continue
        if receiver.fallback == receiver.name:
            yield path, "a receiver cannot stand in for itself", "name another one"
        else:
            yield from _unknown(path, receiver.fallback, fallbacks, "receiver")


def _bad_root(root: RouteConfig) -> _Found:
    if not root.receiver:
        yield ("route",), "the root route needs a receiver", "name one under receiver"
    for key in ("match", "match_re", "matchers"):
        if getattr(root, key):
            remedy = "it takes every alert; put them into a route under routes"
            yield ("route", key), "the root route has no matchers", remedy
    if root.goes_on:
        yield ("route", "continue"), "the root route has nothing behind it", "remove continue"
    for key in ("mute_time_intervals", "active_time_intervals"):
        if getattr(root, key):
            remedy = "put them into routes under routes"
            yield ("route", key), "the root route has no time intervals", remedy


def _unknown_names(
    route: RouteConfig, path: Path_, receivers: Collection[str], intervals: Collection[str]
) -> _Found:
    if route.receiver:
        yield from _unknown((*path, "receiver"), route.receiver, receivers, "receiver")
    for key in ("mute_time_intervals", "active_time_intervals"):
        for number, name in enumerate(getattr(route, key)):
            yield from _unknown((*path, key, number), name, intervals, "time interval")
    for number, below in enumerate(route.routes):
        yield from _unknown_names(below, (*path, "routes", number), receivers, intervals)


def _unknown(path: Path_, name: str, known: Collection[str], noun: str) -> _Found:
    if name not in known:
        yield path, f"unknown {noun} (got {name!r})", hint_for(name, known)
