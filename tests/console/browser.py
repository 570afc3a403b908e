"""A real Chromium, and pages of the console in it as each role sees them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from opsbook.state.people import Role
from tests.console.stand import Stand
from tests.requirement import needs_program

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""What a browser does by itself would go to other machines."""
DESKTOP = (1280, 900)
PHONE = (360, 740)
Opens = Callable[..., Page]


@contextmanager
def chromium() -> Iterator[Browser]:
    program = needs_program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def pages(browser: Browser, stand: Stand) -> Iterator[Opens]:
    """Gives `open(path, role=…, size=…, dark=…)`. Fails where a page wrote an error."""
    wrong: list[str] = []
    contexts = []

    def open_page(
        path: str = "",
        role: Role | None = Role.OPERATOR,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
    ) -> Page:
        shown = {"Authorization": f"Bearer {stand.tokens[role]}"} if role else {}
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            extra_http_headers=shown,
            timezone_id="Europe/Berlin",
            locale="en-GB",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{stand.address}/{path}")
        return page

    try:
        yield open_page
    finally:
        for context in contexts:
            context.close()
    assert not wrong, wrong
