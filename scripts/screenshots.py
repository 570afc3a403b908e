"""`make screenshots`: every page of the console, of a platform that is being hurt.

In: nothing; it starts a HelixFlow of its own. Out: PNGs in `build/screenshots/`, desktop and phone,
light and dark, and `docs/overview.png`, which the README shows.
"""

import tempfile
import time
from pathlib import Path

import click
from playwright.sync_api import Browser, Page, expect
from tests.cli.run import opsbook
from tests.console.api import get, post
from tests.console.browser import DESKTOP, PHONE, Opens, chromium, pages
from tests.console.stand import Stand, stand

from opsbook.state.people import Role

_DOCS = Path(__file__).parents[1] / "docs"
_SIZES = {"desktop": DESKTOP, "phone": PHONE}
_RUNBOOK = "open-the-gate"


def paths(platform: Stand) -> dict[str, str]:
    """A name for each page → where it is, with things that are there."""
    incident = get(platform, "incidents")[0]["id"]
    run = get(platform, "runs")[0]["id"]
    boards = get(platform, "dashboards")
    found = {
        "overview": "",
        "service": "services/inference-pool",
        "alerts": "alerts",
        "incidents": "incidents",
        "incident": f"incidents/{incident}",
        "runbooks": "runbooks",
        "runbook": f"runbooks/{_RUNBOOK}",
        "run": f"runs/{run}",
        "metrics": "explore?e=sum+by+(service)+(rate(api_requests_total[1m]))&from=now-15m",
        "dashboards": "dashboards",
        "drills": "drills",
        "backups": "backups",
        "backup-set": "backups/requests",
        "databases": "databases",
        "ledger": "ledger",
        "logs": "logs?service=api-gateway",
        "phone": "phone",
        "sign-in": "sign-in",
        "account": "account",
    }
    return found | ({"dashboard": f"dashboards/{boards[0]['uid']}"} if boards else {})


def hurt(platform: Stand) -> None:
    """So that there is something to see: trouble, a run that waits, a backup."""
    wanted = {"why": "the gate is shut", "confirm": _RUNBOOK}
    post(platform, f"runbooks/{_RUNBOOK}/runs", wanted)
    post(platform, "incidents", {"title": "prompts are answered slowly", "severity": "P2"})
    opsbook("backup", "run", "requests", "--data", platform.data)
    made = opsbook("demo", "hurt", platform.home, "inference-pool", "slow:300ms")
    assert made.returncode == 0, made.stderr
    deadline = time.monotonic() + 60
    while get(platform, "status")["state"] == "up" and time.monotonic() < deadline:
        time.sleep(0.5)


def picture(browser: Browser, platform: Stand, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with pages(browser, platform) as opens:
        for name, path in paths(platform).items():
            for size in _SIZES:
                for dark in (False, True):
                    theme = "dark" if dark else "light"
                    page = _settled(opens, path, size, dark=dark)
                    page.screenshot(path=target / f"{name}-{size}-{theme}.png", full_page=True)
                    page.context.close()
            click.echo(name)
        _settled(opens, "", "desktop").screenshot(path=_DOCS / "overview.png")


def _settled(opens: Opens, path: str, size: str, *, dark: bool = False) -> Page:
    page = opens(path, role=Role.APPROVER, size=_SIZES[size], dark=dark)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(700)
    return page


@click.command()
@click.argument("target", type=click.Path(path_type=Path), default=Path("build/screenshots"))
def main(target: Path) -> None:
    """Write the pictures into TARGET."""
    with (
        tempfile.TemporaryDirectory(prefix="opsbook-pictures-") as place,
        stand(Path(place)) as platform,
        chromium() as browser,
    ):
        hurt(platform)
        picture(browser, platform, target)


if __name__ == "__main__":
    main()
