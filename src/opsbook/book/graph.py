"""Circles among things that wait for each other."""

from collections.abc import Iterable, Mapping


def circles(graph: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Each circle found, as the names along it; names without an entry lead nowhere."""
    found: list[list[str]] = []
    finished: set[str] = set()

    def visit(name: str, way: list[str]) -> None:
        if name in way:
            found.append(way[way.index(name) :])
        elif name not in finished:
            for following in graph.get(name, ()):
                visit(following, [*way, name])
            finished.add(name)

    for name in graph:
        visit(name, [])
    return found
