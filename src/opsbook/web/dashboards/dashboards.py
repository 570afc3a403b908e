"""All dashboards that the book names, as their files are at the moment."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from opsbook.book.problems import Mark, Problem
from opsbook.web.dashboards.dashboard import Dashboard, read_dashboard

_MOST = 500


class Dashboards:
    """Read anew each time: what somebody saves is what the next one sees."""

    def __init__(self, patterns: Sequence[Path]) -> None:
        """`patterns`: files, or several of them with `*`."""
        self.patterns = patterns

    def all(self) -> list[Dashboard]:
        """In the order of the book. Each has a uid of its own. Blocks."""
        found: dict[str, Dashboard] = {}
        for each in map(read_dashboard, self._files()):
            dashboard = _apart(each, found)
            found[dashboard.uid] = dashboard
        return list(found.values())

    def find(self, uid: str) -> Dashboard | None:
        """Blocks."""
        return next((each for each in self.all() if each.uid == uid), None)

    def remarks(self) -> list[Problem]:
        """What of them is not carried out. Blocks."""
        return [problem for each in self.all() for problem in each.problems]

    def _files(self) -> list[Path]:
        found: dict[Path, None] = {}
        for pattern in self.patterns:
            found.update(dict.fromkeys(_matching(pattern)))
        return list(found)[:_MOST]


def _matching(pattern: Path) -> Iterator[Path]:
    """A file that is named without `*` is meant even where it is not there."""
    if "*" not in str(pattern):
        yield pattern
        return
    anchor = Path(pattern.anchor)
    yield from sorted(anchor.glob(str(pattern.relative_to(anchor))))


def _apart(dashboard: Dashboard, others: dict[str, Dashboard]) -> Dashboard:
    """Two with the same uid are both shown, and that is said."""
    uid, other = dashboard.uid, others.get(dashboard.uid)
    if other is None:
        return dashboard
    number = next(n for n in range(2, len(others) + 3) if f"{uid}-{n}" not in others)
    what = f"{other.file} has the same uid (got {uid!r})"
    said = Problem(Mark(dashboard.file, 1, 1), "uid", what, f"it is shown as {uid}-{number}")
    return replace(dashboard, uid=f"{uid}-{number}", problems=[*dashboard.problems, said])
