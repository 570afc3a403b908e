"""The files of the console, as a browser gets them."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from opsbook.web.console.paths import PAGES
from opsbook.web.console.site import Site, serve_console
from opsbook.web.problems import tell_problems

DOCUMENT = '<!doctype html><base href="/" /><script src="./assets/main-1.js"></script>'
SCRIPT = "console.log('a');" * 100
LARGEST = 150_000
"""Bytes, compressed: all that a browser may have to fetch."""


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(DOCUMENT)
    (tmp_path / "assets/main-1.js").write_text(SCRIPT)
    return tmp_path


def client_of(site: Site) -> httpx2.AsyncClient:
    api = FastAPI()

    @api.post("/api/things")
    async def make() -> str:
        return "made"

    serve_console(api, site)
    tell_problems(api)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=api), base_url="http://ops")


@pytest.fixture
async def browser(pages: Path) -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(Site(directory=pages)) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/services/api-gateway", "/dashboards/a.b"])
async def test_the_path_of_any_page_gives_the_document(
    browser: httpx2.AsyncClient, path: str
) -> None:
    answer = await browser.get(path)
    assert answer.text == DOCUMENT
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_the_document_runs_nothing_from_elsewhere_and_nothing_inline(
    browser: httpx2.AsyncClient,
) -> None:
    policy = (await browser.get("/")).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


async def test_what_has_its_hash_in_its_name_is_kept_and_the_document_asked_for_again(
    browser: httpx2.AsyncClient,
) -> None:
    assert "immutable" in (await browser.get("/assets/main-1.js")).headers["cache-control"]
    document = await browser.get("/")
    assert document.headers["cache-control"] == "no-cache"
    again = await browser.get("/", headers={"If-None-Match": document.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_who_takes_gzip_gets_less(browser: httpx2.AsyncClient) -> None:
    packed = await browser.get("/assets/main-1.js", headers={"Accept-Encoding": "gzip"})
    plain = await browser.get("/assets/main-1.js", headers={"Accept-Encoding": "identity"})
    assert int(packed.headers["content-length"]) < len(SCRIPT) / 10
    assert packed.text == plain.text == SCRIPT
    assert int(plain.headers["content-length"]) == len(SCRIPT)


async def test_a_file_of_another_build_is_not_there(browser: httpx2.AsyncClient) -> None:
    """The document in its place would be taken for a script."""
    answer = await browser.get("/assets/main-0.js")
    assert (answer.status_code, "load the page anew" in answer.text) == (404, True)


async def test_a_path_of_the_api_is_no_page(browser: httpx2.AsyncClient) -> None:
    assert (await browser.get("/api/nothing")).status_code == 404
    assert (await browser.get("/api/things")).status_code == 405
    assert (await browser.get("/-/nothing")).status_code == 404


async def test_below_a_prefix_everything_stands_below_it(pages: Path) -> None:
    async with client_of(Site("/ops", pages)) as client:
        assert '<base href="/ops/" />' in (await client.get("/incidents/x")).text


async def test_where_nothing_was_built_that_is_said(tmp_path: Path) -> None:
    async with client_of(Site(directory=tmp_path)) as client:
        answer = await client.get("/")
    assert (answer.status_code, "make console" in answer.text) == (503, True)


def test_all_of_it_is_small() -> None:
    pages = Path(serve_console.__code__.co_filename).parent / "pages"
    files = [file for file in pages.rglob("*") if file.is_file()]
    assert any(file.name == "index.html" for file in files), "make console builds it"
    assert sum(len(gzip.compress(file.read_bytes())) for file in files) < LARGEST


def test_the_paths_of_pages_are_those_that_the_console_has() -> None:
    source = Path(__file__).parents[3] / "console/src/pages.ts"
    paths = re.findall(r'^  page\("([^"]*)"', source.read_text(), re.MULTILINE)
    assert {path.split("/")[0] for path in paths} - {""} == PAGES
