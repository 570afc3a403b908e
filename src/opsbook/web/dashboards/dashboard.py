"""One file with a dashboard of Grafana, and what there is to say about it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opsbook.book.problems import Mark, Problem
from opsbook.book.source import Path_, dotted

PANELS = frozenset(
    ["bargauge", "gauge", "graph", "heatmap", "row", "stat", "table", "text", "timeseries"],
)
"""Types of panels that the console draws."""
_MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What a file holds. One that cannot be read is here too, with the reason."""

    file: Path
    uid: str
    title: str
    tags: list[str] = field(default_factory=list)
    content: dict[str, Any] | None = None
    """The whole file; None where it is no dashboard."""
    problems: list[Problem] = field(default_factory=list)


def read_dashboard(file: Path) -> Dashboard:
    """Read a file of either form: the dashboard itself, or as the API of Grafana gives it.

    Blocks: call it in a thread where others wait.
    """
    try:
        content = _json(file)
    except _NoDashboardError as error:
        said = Problem(Mark(file, error.line, error.column), "", error.what, error.allowed)
        return Dashboard(file, _slug(file.stem), file.stem, problems=[said])
    place: Path_ = ("dashboard",) if isinstance(content.get("dashboard"), dict) else ()
    inner = content["dashboard"] if place else content
    problems = [
        Problem(Mark(file, 1, 1), dotted((*place, *path)), what, allowed)
        for path, what, allowed in _wrong(inner)
    ]
    return Dashboard(
        file,
        _text(inner.get("uid")) or _slug(file.stem),
        _text(inner.get("title")) or file.stem,
        [tag for tag in _list(inner.get("tags")) if isinstance(tag, str)],
        content,
        problems,
    )


class _NoDashboardError(Exception):
    def __init__(self, what: str, allowed: str | None = None, line: int = 1, column: int = 1):
        super().__init__(what)
        self.what, self.allowed, self.line, self.column = what, allowed, line, column


def _json(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise _NoDashboardError(f"larger than {_MOST_BYTES:,} bytes")
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise _NoDashboardError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise _NoDashboardError(f"not UTF-8 text (byte {error.start})") from None
    except json.JSONDecodeError as error:
        what = f"not JSON: {error.msg}"
        raise _NoDashboardError(what, None, error.lineno, error.colno) from None
    except RecursionError:
        raise _NoDashboardError("too many levels within each other") from None
    if not isinstance(content, dict):
        raise _NoDashboardError("not a dashboard", "it is an object with `panels`")
    return content


def _wrong(content: Mapping[str, Any]) -> Iterator[tuple[Path_, str, str | None]]:
    """What keeps all of it, or a panel, from being drawn. The console names the details."""
    spec = content.get("spec")
    elements = content.get("elements") or (isinstance(spec, dict) and spec.get("elements"))
    if elements:
        where: Path_ = ("elements",) if content.get("elements") else ("spec", "elements")
        yield where, "schema v2 is not understood", "export it as a classic dashboard"
        return
    if not isinstance(content.get("panels", content.get("rows")), list):
        yield (), "has no panels", "export the dashboard itself, with `panels`"
        return
    yield from _wrong_panels(content.get("panels"), ("panels",))
    for index, row in enumerate(_list(content.get("rows"))):
        if isinstance(row, dict):
            yield from _wrong_panels(row.get("panels"), ("rows", index, "panels"))
        else:
            yield ("rows", index), "not a row", None


def _wrong_panels(panels: object, place: Path_) -> Iterator[tuple[Path_, str, str | None]]:
    for index, panel in enumerate(_list(panels)):
        here = (*place, index)
        if not isinstance(panel, dict):
            yield here, "not a panel", None
        elif "libraryPanel" in panel and "type" not in panel:
            yield (*here, "libraryPanel"), "is kept elsewhere", "export it for sharing externally"
        elif panel.get("type") not in PANELS:
            known = ", ".join(sorted(PANELS))
            kind = f"this type of panel is not understood (got {panel.get('type')!r})"
            yield (*here, "type"), kind, f"understood are {known}"
        else:
            yield from _wrong_panels(panel.get("panels"), (*here, "panels"))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower() or "dashboard"
