"""`opsbook user`, and what passwords open in a running watch."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from opsbook.state.datadir import DataDir
from tests.cli.run import opsbook, opsbook_up
from tests.cli.test_alert import BOOK
from tests.servers.loopback import free_port

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a running watch."""
    directory = tmp_path_factory.mktemp("user")
    book = directory / "book.yaml"
    book.write_text(BOOK.replace("PORT", str(free_port())))
    with opsbook_up(book, directory / "data", "down"):
        yield directory / "data"


def user(data: Path, *words: object, password: str = PASSWORD) -> str:
    """What the command says."""
    file = data / "password.txt"
    file.write_text(f"{password}\n")
    if words[0] in ("add", "password"):
        words = (*words, "--password-file", file)
    ran = opsbook("user", *words, "--data", data)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def sign_in(data: Path, name: str, password: str = PASSWORD) -> int:
    address = DataDir(data).address()
    asked = {"name": name, "password": password}
    return httpx2.post(f"{address}/api/session", json=asked, trust_env=False).status_code


def entries(data: Path, kind: str) -> list[dict[str, Any]]:
    shown = opsbook("ledger", "show", "--kind", kind, "--json", "--data", data)
    return [json.loads(line) for line in shown.stdout.splitlines()]


def test_somebody_who_is_added_signs_in_to_the_running_watch(data: Path) -> None:
    assert user(data, "add", "ada", "--role", "approver") == "ada may sign in as approver"
    assert sign_in(data, "ada") == 200
    (added,) = entries(data, "access.user_added")
    assert (added["subject"], added["actor"]) == ("ada", psutil.Process().username())
    assert added["body"] == {"role": "approver"}


def test_another_password_replaces_the_first(data: Path) -> None:
    user(data, "add", "bob", "--role", "viewer")
    said = user(data, "password", "bob", password="another horse entirely")
    assert said == "bob has another password, and signs in again"
    assert sign_in(data, "bob", "another horse entirely") == 200
    assert sign_in(data, "bob") == 401


def test_who_is_disabled_is_kept_out_until_enabled(data: Path) -> None:
    user(data, "add", "eve", "--role", "viewer")
    assert user(data, "disable", "eve") == "eve is disabled"
    assert sign_in(data, "eve") == 401
    assert user(data, "enable", "eve") == "eve may sign in again"
    assert sign_in(data, "eve") == 200
    changed = [each for each in entries(data, "access.user_changed") if each["subject"] == "eve"]
    assert [each["body"]["what"] for each in changed] == ["disabled", "enabled"]


def test_who_is_removed_is_nobody(data: Path) -> None:
    user(data, "add", "gone", "--role", "viewer")
    assert user(data, "remove", "gone") == "gone is removed"
    assert sign_in(data, "gone") == 401
    assert entries(data, "access.user_removed")[-1]["subject"] == "gone"


def test_users_are_listed(data: Path) -> None:
    user(data, "add", "linus", "--role", "operator")
    user(data, "disable", "linus")
    shown = opsbook("user", "list", "--data", data).stdout.splitlines()
    assert shown[0].split() == ["NAME", "ROLE", "MADE", "STATE"]
    (line,) = [line.split() for line in shown if "linus" in line]
    assert (line[1], line[-1]) == ("operator", "disabled")
    listed = json.loads(opsbook("user", "list", "--json", "--data", data).stdout)
    assert {each["name"]: each["state"] for each in listed}["linus"] == "disabled"


def test_the_link_of_sign_in_is_good_once(data: Path) -> None:
    made = opsbook("sign-in", "--data", data)
    address, _, code = made.stdout.strip().partition("/sign-in#")
    assert address == DataDir(data).address()
    asked = {"code": code}
    first = httpx2.post(f"{address}/api/session", json=asked, trust_env=False)
    assert first.json()["person"] == {"name": psutil.Process().username(), "role": "admin"}
    second = httpx2.post(f"{address}/api/session", json=asked, trust_env=False)
    assert second.status_code == 401


def test_the_link_of_up_signs_in(tmp_path: Path) -> None:
    book, data = tmp_path / "book.yaml", tmp_path / "data"
    book.write_text(BOOK.replace("PORT", str(free_port())))
    with opsbook_up(book, data, "down") as watch:
        assert watch.stdout is not None
        said = [watch.stdout.readline() for _ in range(2)]
        assert said[0].startswith("watching ")
        address, _, code = said[1].strip().removeprefix("sign in: ").partition("/sign-in#")
        asked = {"code": code}
        answer = httpx2.post(f"{address}/api/session", json=asked, trust_env=False)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("words", "password", "said"),
    [
        (["add", "ada lovelace", "--role", "viewer"], PASSWORD, "'ada lovelace': not a name"),
        (["add", "zoe", "--role", "king"], PASSWORD, "'king' is not one of 'viewer'"),
        (["add", "zoe", "--role", "viewer"], "short", "the password has 5 characters; take 12"),
        (["password", "nobody"], PASSWORD, "nobody is called nobody; see `opsbook user list`"),
        (["disable", "nobody"], None, "nobody is called nobody"),
        (["remove", "nobody"], None, "nobody is called nobody"),
    ],
)
def test_what_cannot_be_done_is_told(
    data: Path, words: list[str], password: str | None, said: str
) -> None:
    file = data / "wrong.txt"
    file.write_text(password or "")
    more = ["--password-file", file] if password is not None else []
    ran = opsbook("user", *words, *more, "--data", data)
    assert (ran.returncode, said in ran.stderr) == (2, True), ran.stderr
    assert password is None or password not in ran.stderr


def test_without_a_terminal_or_a_file_no_password_is_taken(data: Path) -> None:
    ran = opsbook("user", "add", "zoe", "--role", "viewer", "--data", data)
    assert (ran.returncode, "name a file by --password-file" in ran.stderr) == (2, True)
    missing = ("--password-file", "/nowhere")
    ran = opsbook("user", "add", "zoe", "--role", "viewer", *missing, "--data", data)
    assert (ran.returncode, "/nowhere cannot be read: No such file" in ran.stderr) == (2, True)
