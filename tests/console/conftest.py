"""One browser and one platform for the tests of a file.

Not one browser for all: while it is there, an event loop runs in which no other test can have its
own.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.console.browser import Opens, chromium, pages
from tests.console.stand import Stand, stand


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand(tmp_path_factory.mktemp("platform")) as found:
        yield found


@pytest.fixture
def opens(browser: Browser, platform: Stand) -> Iterator[Opens]:
    """Opens pages of the console."""
    with pages(browser, platform) as found:
        yield found
