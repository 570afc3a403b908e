"""What services write, on a page."""

from playwright.sync_api import expect

from opsbook.state.people import Role
from tests.console.browser import Opens


def test_a_viewer_reads_what_a_service_writes(opens: Opens) -> None:
    page = opens("logs?service=monitoring", role=Role.VIEWER)
    expect(page.get_by_role("log")).to_be_visible()


def test_who_is_nobody_is_told_what_it_takes(opens: Opens) -> None:
    page = opens("logs?service=monitoring", role=None)
    expect(page.get_by_role("alert").filter(has_text="token")).to_be_visible()
