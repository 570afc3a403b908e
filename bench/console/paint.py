"""How soon a browser shows something: from the navigation to paint, tiles and a chart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playwright.sync_api import Browser

from bench.table import Cell, Spread, spread

HEAD = ("page", "first paint ms", "content ms", "content p99", "kB fetched", "JS heap MB")

TILE, CHART = ".tile", ".u-over"
"""What shows that the content of a page is there."""
_SEEN = """selector => new Promise(seen => {
  const look = () => requestAnimationFrame(
    document.querySelector(selector) ? () => seen(performance.now()) : look);
  look();
})"""
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
_FETCHED = """() => ['resource', 'navigation'].flatMap(kind => performance.getEntriesByType(kind))
  .reduce((sum, each) => sum + each.transferSize, 0)"""
_HEAP = "() => performance.memory.usedJSHeapSize"


@dataclass(frozen=True, slots=True)
class Paint:
    """Times in ms since the navigation began, with nothing in the browser's cache."""

    path: str
    first_paint: Spread
    content: Spread
    bytes_fetched: float
    heap_bytes: float

    def row(self) -> Sequence[Cell]:
        return (
            f"/{self.path}",
            self.first_paint.median,
            self.content.median,
            self.content.p99,
            self.bytes_fetched / 1e3,
            self.heap_bytes / 1e6,
        )


def paint(
    browser: Browser, address: str, path: str, content: str, headers: Mapping[str, str], rounds: int
) -> Paint:
    """Open a page so often, each time in a browser that knows nothing.

    A first time does not count: of a platform that has just begun there is nothing to show yet.
    """
    figures: list[tuple[float, float, float, float]] = []
    for _ in range(1 + rounds):
        context = browser.new_context(extra_http_headers=dict(headers))
        page = context.new_page()
        page.goto(f"{address}/{path}", wait_until="commit")
        seen = page.evaluate(_SEEN, content)
        page.wait_for_load_state("networkidle")
        said = (page.evaluate(each) for each in (_PAINTED, _FETCHED, _HEAP))
        figures.append((seen, *said))
        context.close()
    seen, painted, fetched, heap = zip(*figures[1:], strict=True)
    return Paint(path, spread(painted), spread(seen), max(fetched), max(heap))
