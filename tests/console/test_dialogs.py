"""Every dialog while it is open: as people see it who do not see, and by keyboard alone.

Source: WCAG 2.2 AA, as axe-core knows it; the dialog pattern of the ARIA Authoring Practices.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from opsbook.state.people import Role
from tests.console.acting import kill, pid_of, wait_for_another
from tests.console.alarm import firing
from tests.console.api import delete, get, post
from tests.console.browser import DESKTOP, PHONE, Opens
from tests.console.stand import Stand
from tests.console.test_accessible import grave_problems, settled

GATE = "open-the-gate"
_INSIDE = "document.querySelector('dialog').contains(document.activeElement)"
_OUTSIDE = f"!{_INSIDE} && document.activeElement !== document.body"


@dataclass(frozen=True)
class Case:
    """A dialog: the page that it is on, and the button that opens it."""

    path: str
    button: str
    role: Role = Role.OPERATOR

    def __str__(self) -> str:
        return f"{self.path}: {self.button}"


ALWAYS = (
    Case("alerts?tab=silences", "New silence"),
    Case("incidents", "Open an incident"),
    Case(f"runbooks/{GATE}", "Run now"),
    Case("drills", "Run workers-die"),
    Case("backups/requests", "Back up now"),
    Case("backups/requests", "Prune"),
    Case("services/monitoring", "Restart"),
    Case("services/monitoring", "Stop"),
    Case("services/inference-pool", "Scale"),
    Case("account", "Add somebody", Role.ADMIN),
    Case("account", "Make a token", Role.ADMIN),
)
"""Those that may be opened at any time."""


def examine(page: Page, button: str, *, within: Locator | None = None, stays: bool = True) -> None:
    """Open it by key, look at it in both themes and sizes, and leave it by key. `within`: where
    the button is, if there may be others like it; `stays`: whether it is there to the end for
    certain."""
    opener = (within or page).get_by_role("button", name=button, exact=True).first
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert page.evaluate(_INSIDE), "the focus is not in the dialog"
    for width, height in (DESKTOP, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, f"{wider} px wider than a screen of {width} px"
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            assert grave_problems(page) == [], f"{width} px, {theme}"
    _stays_inside(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    if stays:
        expect(opener).to_be_focused()
    else:
        expect(page.locator("button:focus, h1:focus")).to_have_count(1)


def _stays_inside(page: Page) -> None:
    """However often somebody goes on: beyond the last field is the browser's own frame."""
    fields = page.locator("dialog :is(button, input, select, textarea, a, summary)").count()
    for key in ("Tab", "Shift+Tab"):
        for _ in range(fields + 2):
            page.keyboard.press(key)
            assert not page.evaluate(_OUTSIDE), "the focus left the dialog"


@pytest.mark.parametrize("case", ALWAYS, ids=str)
def test_a_dialog_is_right_for_everybody(opens: Opens, case: Case) -> None:
    page = settled(opens(case.path, role=case.role))
    examine(page, case.button)


@pytest.mark.parametrize("button", ["Acknowledge Late", "Silence Late"])
def test_the_dialogs_of_an_alert_are_right_for_everybody(
    opens: Opens, platform: Stand, button: str
) -> None:
    with firing(platform, "Late", severity="warning"):
        examine(settled(opens("alerts")), button)


@pytest.fixture
def number(platform: Stand) -> Iterator[str]:
    """Of an open incident."""
    made = post(platform, "incidents", {"title": "It is slow", "severity": "low"})
    yield made["id"]
    closing = {"resolution": "it is not", "unrecovered": True}
    post(platform, f"incidents/{made['id']}/close", closing)


@pytest.mark.parametrize("button", ["Acknowledge", "Remark", "Status update", "Close"])
def test_the_dialogs_of_an_incident_are_right_for_everybody(
    opens: Opens, number: str, button: str
) -> None:
    examine(settled(opens(f"incidents/{number}")), button)


@pytest.fixture
def run(platform: Stand) -> Iterator[str]:
    """Of a runbook, waiting for a second person."""
    wanted = {"parameters": {}, "why": "it is late", "confirm": GATE}
    made = post(platform, f"runbooks/{GATE}/runs", wanted)["id"]
    yield made
    if get(platform, f"runs/{made}")["ended_at"] is None:
        post(platform, f"runs/{made}/refusal", {"why": "no"}, Role.APPROVER)


@pytest.mark.parametrize("button", ["Approve", "Refuse", "Cancel"])
def test_the_dialogs_of_a_run_are_right_for_everybody(opens: Opens, run: str, button: str) -> None:
    examine(settled(opens(f"runs/{run}", role=Role.APPROVER)), button)


@pytest.mark.parametrize("button", ["Approve", "Refuse"])
def test_the_dialogs_of_a_run_on_the_phone_are_right_for_everybody(
    opens: Opens, run: str, button: str
) -> None:
    page = settled(opens("phone", role=Role.APPROVER, size=PHONE))
    # The run of the test before may still be ending.
    link = page.locator(f'a[href$="/{run}"]')
    examine(page, button, within=page.get_by_role("article").filter(has=link))


def test_the_dialog_of_an_incident_on_the_phone_is_right_for_everybody(
    opens: Opens, number: str
) -> None:
    examine(settled(opens("phone", size=PHONE)), "Acknowledge")


def test_the_dialog_of_a_service_on_the_phone_is_right_for_everybody(
    opens: Opens, platform: Stand
) -> None:
    page = settled(opens("phone", size=PHONE))
    first = pid_of(platform, "monitoring")
    kill(platform, "monitoring")
    wait_for_another(platform, "monitoring", first)
    kill(platform, "monitoring")
    # Opsbook itself waits for some seconds before its second restart: then the button goes.
    examine(page, "Restart monitoring", stays=False)


@pytest.mark.parametrize("button", ["Approve", "Refuse"])
def test_the_dialogs_of_a_drill_on_the_phone_are_right_for_everybody(
    opens: Opens, platform: Stand, button: str
) -> None:
    page = settled(opens("phone", role=Role.APPROVER, size=PHONE))
    expect(page.get_by_role("button", name=button)).to_have_count(0)
    drill = post(platform, "drills/in-production/runs", {"why": "to see"})["id"]
    examine(page, button)
    post(platform, f"drills/in-production/runs/{drill}/refusal", {"why": "no"}, Role.APPROVER)


def test_the_dialogs_of_a_failed_step_are_right_for_everybody(
    opens: Opens, platform: Stand
) -> None:
    wanted = {"parameters": {}, "why": "it squeaks"}
    number = post(platform, "runbooks/mend-the-gate/runs", wanted)["id"]
    page = opens(f"runs/{number}")
    examine(page, "Try the step again")
    post(platform, f"runs/{number}/decision", {"choice": "stop", "why": "seen"})
    expect(page.get_by_role("button", name="Resume")).to_be_visible(timeout=20_000)
    examine(page, "Resume")


def test_the_dialog_of_a_silence_is_right_for_everybody(opens: Opens, platform: Stand) -> None:
    quiet = {"matchers": 'alertname="Never"', "why": "to see", "seconds": 3600}
    number = post(platform, "silences", quiet)["id"]
    page = settled(opens("alerts?tab=silences"))
    examine(page, 'End {alertname="Never"} now')
    delete(platform, f"silences/{number}")


def test_the_dialog_of_a_plan_is_right_for_everybody(opens: Opens) -> None:
    page = settled(opens(f"runbooks/{GATE}", role=Role.APPROVER))
    page.get_by_role("button", name="Dry run").click()
    examine(page, "Sign")


def test_the_search_is_right_for_everybody(opens: Opens) -> None:
    page = settled(opens())
    page.keyboard.press("/")
    page.keyboard.type("a")
    expect(page.get_by_role("option").first).to_be_visible()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        assert grave_problems(page) == []
    _stays_inside(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
