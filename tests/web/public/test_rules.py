"""What must hold between the page and the rest of the book."""

from pathlib import Path

from tests.book.books import problems

BOOK = """
services:
  gateway: {process: {command: [gateway]}}
status_page:
  title: Example
  path: %s
  services:
    Search: {of: [gateway, %s]}
"""


def test_a_service_that_there_is_not_is_told_with_its_place(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, BOOK % ("/status", "gatewy"))
    assert found == (
        "book.yaml:9:28 status_page.services.Search.of[1]: no such name (got 'gatewy'), "
        "did you mean gateway?"
    )


def test_a_path_of_a_page_of_the_console_is_refused(tmp_path: Path) -> None:
    for path in ("/alerts", "/services/gateway", "/sign-in"):
        (found,) = problems(tmp_path, BOOK % (path, "gateway"))
        page = "/" + path.split("/")[1]
        assert found == (
            f"book.yaml:7:9 status_page.path: this path is taken by the console's page {page} "
            f"(got {path!r}), use, for example, /status"
        )
    assert problems(tmp_path, BOOK % ("/alerts-for-all", "gateway")) == []


def test_a_path_that_programs_know_is_refused(tmp_path: Path) -> None:
    for path in ("/api", "/api/status", "/metrics", "/federate", "/assets", "/metricsx"):
        (found,) = problems(tmp_path, BOOK % (path, "gateway"))
        assert found == (
            "book.yaml:7:9 status_page.path: this path is taken by what programs ask for "
            f"(got {path!r}), use, for example, /status"
        )


def test_a_page_of_what_there_is_has_no_problems(tmp_path: Path) -> None:
    assert problems(tmp_path, BOOK % ("/how/it/stands", "gateway")) == []
