"""The page of one service."""

from playwright.sync_api import Locator, Page, expect

from opsbook.state.people import Role
from tests.console.acting import pid_of
from tests.console.api import get
from tests.console.browser import Opens
from tests.console.stand import Stand

_PROVED = 40_000


def check(page: Page, name: str) -> Locator:
    return page.locator(f"li[id='{name}']")


def facts(page: Page) -> Locator:
    return page.get_by_role("region", name="How it stands")


def test_the_head_says_how_it_stands(opens: Opens, platform: Stand) -> None:
    page = opens("services/api-gateway")
    service = get(platform, "services/api-gateway")
    expect(facts(page)).to_contain_text(service["phase"])
    expect(facts(page)).to_contain_text(service["instance"])
    expect(facts(page)).to_contain_text(f"{service['restarts_left']} of")
    expect(facts(page)).to_contain_text(str(service["ports"][0]))


def test_each_check_opens_to_its_conditions(opens: Opens, platform: Stand) -> None:
    page = opens("services/auth-service")
    # What comes in above moves the panels down, from under a click.
    page.wait_for_load_state("networkidle")
    for name in get(platform, "services/auth-service")["checks"]:
        check(page, name).locator("summary").click()
        (found,) = [each for each in get(platform, "status")["checks"] if each["name"] == name]
        expect(check(page, name).locator("tbody tr")).to_have_count(len(found["conditions"]))
        expect(check(page, name)).to_contain_text(found["subject"])


def test_the_address_may_name_a_check(opens: Opens) -> None:
    page = opens("services/auth-service#auth-service-health")
    expect(check(page, "auth-service-health").get_by_text("Looks at")).to_be_visible()
    expect(check(page, "auth-service-process").get_by_text("Looks at")).to_have_count(0)


def test_check_now_looks_at_all_checks(opens: Opens, platform: Stand) -> None:
    page = opens("services/auth-service")
    before = get(platform, "status")["at"]
    page.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("All 3 checks are up")).to_be_visible()
    for each in get(platform, "status")["checks"]:
        if each["service"] == "auth-service":
            assert each["looked_at"] > before


def test_a_restart_asks_why_and_is_proved(opens: Opens, platform: Stand) -> None:
    page = opens("services/monitoring")
    before = pid_of(platform, "monitoring")
    page.get_by_role("button", name="Restart").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Restart monitoring").click()
    expect(dialog.get_by_label("Why")).to_be_focused()
    dialog.get_by_label("Why").fill("it is slow")
    dialog.get_by_role("button", name="Restart monitoring").click()
    outcome = page.get_by_role("status", name="What came of it")
    expect(outcome).to_contain_text("proved", timeout=_PROVED)
    after = pid_of(platform, "monitoring")
    assert after != before
    expect(outcome).to_contain_text(f"pid {before} → pid {after}")
    expect(facts(page)).to_contain_text(f"pid {after}")


def test_a_stop_wants_the_name_and_a_start_brings_it_back(opens: Opens, platform: Stand) -> None:
    page = opens("services/monitoring")
    page.get_by_role("button", name="Stop", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill("to see what happens")
    dialog.get_by_label("Its name").fill("monitorin")
    dialog.get_by_role("button", name="Stop monitoring").click()
    expect(dialog.get_by_role("alert")).to_contain_text("type 'monitoring'")
    assert get(platform, "services/monitoring")["phase"] == "running"
    dialog.get_by_label("Its name").fill("monitoring")
    dialog.get_by_role("button", name="Stop monitoring").click()
    expect(facts(page)).to_contain_text("stopped", timeout=_PROVED)
    page.get_by_role("button", name="Start").click()
    dialog.get_by_label("Why").fill("it was seen")
    dialog.get_by_role("button", name="Start monitoring").click()
    expect(facts(page)).to_contain_text("running", timeout=_PROVED)
    assert get(platform, "services/monitoring")["phase"] == "running"


def test_scaling_shows_how_many_there_were_and_are(opens: Opens, platform: Stand) -> None:
    page = opens("services/inference-pool")
    page.get_by_role("button", name="Scale").click()
    dialog = page.get_by_role("dialog")
    for label, value in {"Replicas": "5", "Why": "load", "Its name": "inference-pool"}.items():
        dialog.get_by_label(label).fill(value)
    dialog.get_by_role("button", name="Scale inference-pool").click()
    outcome = page.get_by_role("status", name="What came of it")
    expect(outcome).to_contain_text("4 replicas → 5 replicas", timeout=_PROVED)


def test_dependencies_lead_to_their_pages(opens: Opens, platform: Stand) -> None:
    page = opens("services/inference-pool")
    below = page.get_by_role("region", name="Dependencies")
    for name in get(platform, "services/inference-pool")["dependents"]:
        expect(below.get_by_role("link", name=name, exact=True)).to_be_visible()
    below.get_by_role("link", name="api-gateway", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("api-gateway")
    expect(below.get_by_role("link", name="inference-pool")).to_be_visible()


def test_measurements_of_a_check_are_drawn(opens: Opens) -> None:
    page = opens("services/auth-service")
    chart = page.get_by_role("figure", name="latency", exact=True)
    expect(chart.get_by_role("img")).to_be_visible(timeout=20_000)
    page.get_by_label("of the check").select_option("auth-service-process")
    expect(page.get_by_role("figure", name="memory", exact=True)).to_be_visible()
    expect(chart).to_have_count(0)


def test_the_log_shows_what_has_the_words(opens: Opens, platform: Stand) -> None:
    page = opens("services/api-gateway")
    log = page.get_by_role("log")
    expect(log).to_contain_text("api-gateway")
    page.get_by_label("Only lines with").fill("no line has this")
    expect(log).to_have_text("")
    page.get_by_label("Only lines with").fill("REQUEST SERVED")
    expect(log).to_contain_text("request served")


def test_who_only_looks_can_order_nothing(opens: Opens) -> None:
    page = opens("services/auth-service", role=Role.VIEWER)
    expect(page.get_by_text("needs the role operator").first).to_be_visible()
    expect(page.get_by_role("button", name="Restart")).to_have_count(0)


def test_a_service_that_is_not_there_is_said_so(opens: Opens) -> None:
    page = opens("services/none-such")
    expect(page.get_by_text("The book has no service none-such")).to_be_visible()
