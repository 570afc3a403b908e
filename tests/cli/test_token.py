"""`opsbook token`, and what the tokens open in a running watch."""

import json
import stat
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest

from opsbook.state.datadir import DataDir
from tests.cli.run import opsbook, opsbook_up
from tests.cli.test_alert import BOOK
from tests.servers.loopback import free_port

SILENCE = ("silence", "add", "alertname=A", "--why", "x", "--for", "1h")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a running watch."""
    directory = tmp_path_factory.mktemp("token")
    book = directory / "book.yaml"
    book.write_text(BOOK.replace("PORT", str(free_port())))
    with opsbook_up(book, directory / "data", "down"):
        yield directory / "data"


@pytest.fixture(autouse=True)
def _nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPSBOOK_TOKEN", raising=False)
    monkeypatch.delenv("SUDO_USER", raising=False)


def add(data: Path, name: str, role: str, *more: str) -> str:
    made = opsbook("token", "add", name, "--role", role, *more, "--data", data)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def silence_as(
    token: str, data: Path, monkeypatch: pytest.MonkeyPatch, *more: str
) -> tuple[int, str]:
    """Exit code of the attempt, and why it was refused."""
    monkeypatch.setenv("OPSBOOK_TOKEN", token)
    ran = opsbook(*SILENCE, *more, "--data", data)
    return ran.returncode, ran.stderr


def entries(data: Path, kind: str) -> list[dict[str, Any]]:
    shown = opsbook("ledger", "show", "--kind", kind, "--json", "--data", data)
    return [json.loads(line) for line in shown.stdout.splitlines()]


def listed(data: Path) -> dict[str, dict[str, str | None]]:
    found = json.loads(opsbook("token", "list", "--json", "--data", data).stdout)
    return {each["name"]: each for each in found}


def test_an_operator_silences_under_their_own_name(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = add(data, "ada", "operator")
    assert silence_as(ada, data, monkeypatch) == (0, "")
    assert entries(data, "silence.set")[-1]["actor"] == "ada"
    assert listed(data)["ada"]["last_used_at"] is not None


def test_an_operator_does_not_act_for_others(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = silence_as(add(data, "eve", "operator"), data, monkeypatch, "--by", "ada")
    assert (code, "by ada: the token is eve's" in said) == (2, True)


def test_a_viewer_is_refused_and_told_what_is_needed(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = silence_as(add(data, "bob", "viewer"), data, monkeypatch)
    assert (code, "needs the role operator, and bob has viewer" in said) == (2, True)


def test_an_expired_token_is_refused(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = add(data, "late", "operator", "--expires", "1ms")
    code, said = silence_as(token, data, monkeypatch)
    assert (code, "unknown, expired or revoked" in said) == (2, True)


def test_a_token_that_is_revoked_while_the_watch_runs_is_good_for_nothing_more(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = add(data, "gone", "operator")
    assert silence_as(token, data, monkeypatch)[0] == 0
    assert opsbook("token", "revoke", "gone", "--data", data).returncode == 0
    assert silence_as(token, data, monkeypatch)[0] == 2
    assert "gone" not in listed(data)


def test_a_wrong_token_is_recorded_and_told_nowhere(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = "opsbook_wrong-wrong-wrong"
    assert silence_as(wrong, data, monkeypatch)[0] == 2
    refused = entries(data, "access.refused")[-1]
    assert (refused["actor"], refused["subject"]) == ("unknown", "POST /api/silences")
    assert wrong.encode() not in b"".join(each.read_bytes() for each in data.glob("state.db*"))


def test_what_cannot_be_a_token_is_not_repeated(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, said = silence_as("opsbook_first\nsecond", data, monkeypatch)
    assert (code, "OPSBOOK_TOKEN holds what is no token" in said) == (2, True)
    assert "first" not in said


def test_grants_and_their_ends_are_recorded_with_who_did_it(data: Path) -> None:
    add(data, "short", "approver", "--expires", "90d")
    number = listed(data)["short"]["id"]
    assert opsbook("token", "revoke", str(number), "--data", data).stdout == (
        f"{number} of short is revoked\n"
    )
    granted, revoked = (entries(data, f"access.{kind}")[-1] for kind in ("granted", "revoked"))
    assert granted["subject"] == revoked["subject"] == "short"
    assert granted["body"]["role"] == revoked["body"]["role"] == "approver"
    assert granted["body"]["id"] == revoked["body"]["id"] == number
    assert granted["actor"] == psutil.Process().username()


def test_under_sudo_both_users_are_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "grace")
    add(data, "made-by-grace", "viewer")
    owner = psutil.Process().username()
    assert entries(data, "access.granted")[-1]["actor"] == f"grace (through {owner})"
    assert opsbook(*SILENCE, "--data", data).returncode == 0
    assert entries(data, "silence.set")[-1]["actor"] == f"grace (through {owner})"


def test_tokens_are_listed(data: Path) -> None:
    add(data, "linus", "viewer", "--expires", "1d")
    shown = opsbook("token", "list", "--data", data).stdout.splitlines()
    assert shown[0].split() == ["ID", "NAME", "ROLE", "MADE", "EXPIRES", "LAST", "USED"]
    (line,) = [line for line in shown if "linus" in line]
    assert line.split()[2] == "viewer"
    assert line.endswith("never")


def test_the_file_of_the_process_is_private_and_its_owner_acts_by_it(data: Path) -> None:
    assert stat.S_IMODE((data / "token").stat().st_mode) == 0o600
    assert opsbook(*SILENCE, "--data", data).returncode == 0
    assert entries(data, "silence.set")[-1]["actor"] == psutil.Process().username()


def test_no_token_is_told_anywhere(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token, local = add(data, "quiet", "operator"), (data / "token").read_text().strip()
    assert silence_as(token, data, monkeypatch)[0] == 0
    monkeypatch.delenv("OPSBOOK_TOKEN")
    assert opsbook(*SILENCE, "--data", data).returncode == 0
    address = DataDir(data).address()
    with urllib.request.urlopen(f"{address}/metrics") as answer:
        told = answer.read()
    told += b"".join(each.read_bytes() for each in data.glob("state.db*"))
    told += b"".join(each.read_bytes() for each in (data / "logs").rglob("*") if each.is_file())
    told += "".join(str(each.info["cmdline"]) for each in psutil.process_iter(["cmdline"])).encode()
    for secret in (token, local):
        assert secret.removeprefix("opsbook_").encode() not in told


def test_a_watch_leaves_no_token_behind_and_tokens_are_made_without_one(tmp_path: Path) -> None:
    book, data = tmp_path / "book.yaml", tmp_path / "data"
    book.write_text(BOOK.replace("PORT", str(free_port())))
    with opsbook_up(book, data, "down") as watch:
        local = (data / "token").read_text().strip()
        assert watch.poll() is None
    assert watch.stdout is not None
    assert not (data / "token").exists()
    token = add(data, "ada", "viewer")
    assert listed(data)["ada"]["role"] == "viewer"
    assert local != token


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "ada lovelace", "--role", "viewer"], "'ada lovelace': not a name"),
        (["add", "ada", "--role", "king"], "'king' is not one of 'viewer', 'operator'"),
        (["add", "ada", "--role", "viewer", "--expires", "soon"], "--expires soon: not a duration"),
        (["revoke", "nobody"], "no token has the name or id nobody"),
    ],
)
def test_what_cannot_be_done_is_told(data: Path, words: list[str], said: str) -> None:
    ran = opsbook("token", *words, "--data", data)
    assert (ran.returncode, said in ran.stderr) == (2, True), ran.stderr


def test_a_directory_that_was_never_watched_gets_no_token(tmp_path: Path) -> None:
    ran = opsbook("token", "add", "ada", "--role", "viewer", "--data", tmp_path / "none")
    assert (ran.returncode, "nothing was watched on" in ran.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []
