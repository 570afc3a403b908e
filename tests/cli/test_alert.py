"""`opsbook alert`, `opsbook silence` and `opsbook rules list` against a running watch."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.run import opsbook, opsbook_up
from tests.servers.loopback import free_port

BOOK = """
platform: {name: small}
checks:
  port: {tcp: {host: 127.0.0.1, port: PORT}, every: 500ms}
alerts:
  route: {receiver: team, group_wait: 0s}
  receivers: [{name: team}]
  rules:
    Never: {metric: nothing_like_this, operator: ">", threshold: 1, every: 500ms}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data directory of a watch in which one check is down and alerts."""
    directory = tmp_path_factory.mktemp("alert")
    book = directory / "book.yaml"
    book.write_text(BOOK.replace("PORT", str(free_port())))
    with opsbook_up(book, directory / "data", "down"):
        yield directory / "data"


def fires(data: Path) -> str:
    """Wait until the check's alert fires; its line."""
    for _ in range(100):
        ran = opsbook("alert", "list", "--data", data)
        found = [line for line in ran.stdout.splitlines() if "CheckDown" in line]
        if found:
            assert ran.returncode == 1
            return found[0]
    raise AssertionError("no alert")


def test_an_alert_is_listed_and_acknowledged(data: Path) -> None:
    assert "firing" in fires(data)
    ran = opsbook("alert", "ack", "CheckDown", "--by", "ada", "--why", "on it", "--data", data)
    assert ran.stdout == "CheckDown is acknowledged; ada has it\n"
    assert "acknowledged by ada" in fires(data)


def test_a_silence_is_added_listed_and_ended(data: Path) -> None:
    add = ["silence", "add", "alertname=CheckDown", "check=~p.*", "--why", "known", "--for", "1h"]
    number = opsbook(*add, "--data", data).stdout.strip()
    listed = opsbook("silence", "list", "--data", data).stdout
    assert number in listed
    assert '{alertname="CheckDown",check=~"p.*"} known' in listed
    assert f"{number} has ended" in opsbook("silence", "end", number, "--data", data).stdout
    assert number not in opsbook("silence", "list", "--data", data).stdout
    assert number in opsbook("silence", "list", "--all", "--data", data).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["alert", "ack", "None"], "none of None fires"),
        (["alert", "ack", "CheckDown", "--for", "soon"], "--for soon: not a duration"),
        (["silence", "add", "a=b", "--why", "x"], "either seconds or until_resolved"),
        (["silence", "add", "a=~(", "--why", "x", "--for", "1h"], "error parsing regexp"),
        (["silence", "end", "none"], "silence none not found"),
    ],
)
def test_what_cannot_be_done_is_told(data: Path, words: list[str], said: str) -> None:
    ran = opsbook(*words, "--data", data)
    assert (ran.returncode, said in ran.stderr) == (2, True)


def test_notices_and_history_are_listed(data: Path) -> None:
    assert opsbook("alert", "notices", "--data", data).stdout.startswith("MADE")
    assert json.loads(opsbook("alert", "history", "--json", "--data", data).stdout) == []


def test_a_rule_whose_series_was_never_there_is_told(data: Path) -> None:
    ran = opsbook("rules", "list", "--data", data)
    (line,) = [line for line in ran.stdout.splitlines() if "Never" in line]
    assert line.split() == [
        "never", "had", "data", "every", "0.5", "s", "Never",
        "never", "measured:", "nothing_like_this",
    ]  # fmt: skip
    assert ran.returncode == 1


def test_sighup_reads_alerts_and_rules_again(tmp_path: Path) -> None:
    book, data = tmp_path / "book.yaml", tmp_path / "data"
    book.write_text(BOOK.replace("PORT", str(free_port())))
    with opsbook_up(book, data, "down"):
        running = json.loads((data / "running.json").read_text())["pid"]
        book.write_text(book.read_text().replace("Never:", "Other:"))
        os.kill(running, signal.SIGHUP)
        assert _rule_is_listed("Other", data)
        book.write_text(book.read_text().replace("receiver: team,", "receiver: nobody,"))
        os.kill(running, signal.SIGHUP)
        assert _rule_is_listed("Other", data)
        assert opsbook("status", "--data", data).returncode != 3


def _rule_is_listed(name: str, data: Path) -> bool:
    return any(name in opsbook("rules", "list", "--data", data).stdout for _ in range(50))
