"""Signing in and out with a browser."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from opsbook.state.people import Role
from tests.cli.run import opsbook
from tests.console.browser import Opens
from tests.console.stand import Stand

PASSWORD = "a horse that is correct"


def link(platform: Stand) -> str:
    """A fresh one, as `opsbook sign-in` prints it."""
    said = opsbook("sign-in", "--data", platform.data)
    assert said.returncode == 0, said.stderr
    return next(word for word in said.stdout.split() if "#" in word)


@pytest.fixture
def nobody(opens: Opens) -> Iterator[Page]:
    """A page in a browser that nobody has signed in with."""
    yield opens(role=None)


def test_a_link_signs_in_once(nobody: Page, platform: Stand) -> None:
    address = link(platform)
    nobody.goto(address)
    expect(nobody.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(nobody.get_by_role("banner")).to_contain_text(Role.ADMIN)
    nobody.context.clear_cookies()
    nobody.goto(address)
    nobody.reload()
    expect(nobody.get_by_role("banner")).to_contain_text("Sign in")


def test_the_code_does_not_stay_in_the_address(nobody: Page, platform: Stand) -> None:
    address = link(platform)
    nobody.goto(address)
    expect(nobody.get_by_role("heading", level=1)).to_have_text("Overview")
    nobody.go_back()
    assert address.partition("#")[2] not in nobody.url


def test_a_name_and_a_password_sign_in(nobody: Page, platform: Stand, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    words = ("user", "add", "ada", "--role", "operator", "--password-file", secret)
    made = opsbook(*words, "--data", platform.data)
    assert made.returncode == 0, made.stderr
    nobody.goto(f"{platform.address}/sign-in?from=/ledger")
    nobody.get_by_label("Name").fill("ada")
    nobody.get_by_label("Password").fill("not the one that it is")
    nobody.get_by_role("button", name="Sign in").click()
    expect(nobody.get_by_role("alert").first).to_be_visible()
    nobody.get_by_label("Password").fill(PASSWORD)
    nobody.get_by_role("button", name="Sign in").click()
    expect(nobody.get_by_role("heading", level=1)).to_have_text("Ledger")
    expect(nobody.get_by_role("banner")).to_contain_text("ada")


def test_who_signs_out_is_nobody_again(nobody: Page, platform: Stand) -> None:
    nobody.goto(link(platform))
    expect(nobody.get_by_role("heading", level=1)).to_have_text("Overview")
    nobody.goto(f"{platform.address}/account")
    nobody.get_by_role("button", name="Sign out").click()
    expect(nobody.get_by_role("banner")).to_contain_text("Sign in")


def test_a_session_that_is_ended_elsewhere_acts_no_more(nobody: Page, platform: Stand) -> None:
    nobody.goto(link(platform))
    expect(nobody.get_by_role("heading", level=1)).to_have_text("Overview")
    nobody.goto(f"{platform.address}/account")
    nobody.get_by_role("row", name="(this one)").get_by_role("button").click()
    nobody.reload()
    expect(nobody.get_by_role("banner")).to_contain_text("Sign in")


def test_an_admin_adds_somebody_and_makes_a_token(opens: Opens, platform: Stand) -> None:
    page = opens("account", role=Role.ADMIN)
    page.get_by_role("button", name="Add somebody").click()
    page.get_by_label("Name").fill("eve")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("dialog").get_by_role("button", name="Add").click()
    expect(
        page.get_by_role("region", name="People").get_by_role("row", name="eve")
    ).to_contain_text("operator")
    page.get_by_role("button", name="Make a token").click()
    page.get_by_label("Name").fill("deploy")
    page.get_by_role("dialog").get_by_role("button", name="Make").click()
    shown = page.get_by_role("status").filter(has_text="nobody is told again")
    text = shown.locator("code").inner_text()
    asked = httpx2.get(
        f"{platform.address}/api/session",
        headers={"Authorization": f"Bearer {text}"},
        trust_env=False,
    )
    assert asked.json()["person"] == {"name": "deploy", "role": "viewer"}
