"""What surrounds every page."""

from playwright.sync_api import expect

from tests.console.browser import Opens


def test_the_navigation_leads_to_each_page(opens: Opens) -> None:
    page = opens()
    for name in page.get_by_role("navigation").get_by_role("link").all_inner_texts():
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name.split("\n")[0])
