"""The page on which metrics are asked for."""

import re
from urllib.parse import quote

from playwright.sync_api import expect

from tests.console.browser import Opens
from tests.console.measured import asked, send
from tests.console.stand import Stand
from tests.console.until import until
from tests.metrics.remote.messages import series


def test_an_expression_is_written_with_the_keyboard_alone(opens: Opens, platform: Stand) -> None:
    until(lambda: asked(platform, "api_requests_total"))
    page = opens("explore?from=now-5m&refresh=1s")
    box = page.get_by_role("combobox", name="Expression 1")
    box.press_sequentially("api_requests")
    option = page.get_by_role("option", name="api_requests_total")
    expect(option).to_be_visible()
    box.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    box.press("Enter")
    expect(box).to_have_value("api_requests_total")
    expect(page.get_by_role("listbox")).to_be_hidden()
    box.press("Enter")
    expect(page.get_by_role("img", name="Chart of api_requests_total")).to_be_visible()


def test_the_values_of_a_label_are_proposed(opens: Opens, platform: Stand) -> None:
    page = opens("explore")
    box = page.get_by_role("combobox", name="Expression 1")
    box.press_sequentially('api_requests_total{service="')
    for labels, _ in asked(platform, "count by (service) (api_requests_total)"):
        option = page.get_by_role("option", name=re.compile(rf"^{labels['service']} "))
        expect(option).to_be_visible()
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_the_table_has_the_values_that_the_api_tells(opens: Opens, platform: Stand) -> None:
    send(platform, series("told", place="here"), 4.25)
    page = opens("explore?view=table&e=told")
    row = page.get_by_role("row").filter(has_text='told{place="here"}')
    [(_, value)] = asked(platform, "told")
    expect(row.get_by_role("cell").first).to_have_text(f"{value:g}")


def test_a_chart_has_a_line_for_each_series_and_its_numbers_as_a_table(
    opens: Opens, platform: Stand
) -> None:
    for number, line in enumerate(("one", "two", "three")):
        send(platform, series("drawn", line=line), number)
    page = opens("explore?e=drawn&from=now-5m&refresh=1s")
    names = page.get_by_role("group", name="Series").locator("tbody tr")
    expect(names).to_have_count(len(asked(platform, "drawn")))
    page.get_by_role("button", name="Table of drawn").click()
    values = page.get_by_role("region", name="Values of drawn")
    expect(values.get_by_role("columnheader")).to_have_count(1 + 3)


def test_what_is_wrong_with_an_expression_is_told_with_its_place(opens: Opens) -> None:
    page = opens(f"explore?e={quote('rate(up[5x])')}")
    alert = page.get_by_role("alert").filter(has_text="at character")
    expect(alert).to_be_visible()
    expect(alert.locator("mark")).to_have_text("x")


def test_a_drag_over_the_chart_zooms_and_goes_back(opens: Opens) -> None:
    page = opens("explore?e=vector(1)&from=now-1h")
    over = page.locator(".u-over")
    expect(over).to_be_visible()
    box = over.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 60, steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"from=\d{13}"))
    start, end = (int(each) for each in re.findall(r"(?:from|to)=(\d{13})", page.url))
    assert abs((end - start) / 1000 - 900) < 60
    page.get_by_role("button", name="Zoom back").click()
    expect(page).to_have_url(re.compile("from=now-1h"))


def test_the_address_says_all_that_is_asked(opens: Opens) -> None:
    page = opens("explore?e=up&e=told&from=now-6h&view=table&refresh=30s")
    expect(page.get_by_role("combobox", name="Expression 2")).to_have_value("told")
    expect(page.get_by_label("Time range")).to_have_value("now-6h")
    expect(page.get_by_label("Refresh")).to_have_value("30s")
    expect(page.get_by_role("button", name="Table", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_with_a_refresh_a_new_value_comes_without_a_reload(opens: Opens, platform: Stand) -> None:
    send(platform, series("renewed"), 1)
    page = opens("explore?e=renewed&view=table&refresh=1s")
    value = page.get_by_role("row").filter(has_text="renewed").get_by_role("cell").first
    expect(value).to_have_text("1")
    send(platform, series("renewed"), 2)
    expect(value).to_have_text("2")
