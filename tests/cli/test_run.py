"""`opsbook run`, `runs` and `runbooks` against a watch that runs."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.run import OPSBOOK, opsbook, opsbook_up

BOOK = """
platform: {{name: example}}
runbooks:
  greet:
    description: Says a word.
    parameters:
      word: {{type: text, longest: 20}}
    steps:
      - name: say
        class: 0
        command: {{argv: [echo, "hello {{{{ word }}}}"]}}
  fail:
    steps:
      - name: try_it
        class: 0
        command: {{argv: ["false"]}}
  mark:
    description: Leaves a mark.
    steps:
      - name: leave
        class: 3
        precheck:
          - {{class: 0, command: {{argv: [test, -d, "{home}"]}}}}
        command: {{argv: [touch, "{home}/mark"]}}
        verify:
          steps: [{{class: 0, command: {{argv: [test, -e, "{home}/mark"]}}}}]
        rollback:
          - class: 1
            command: {{argv: [rm, "{home}/mark"]}}
            verify:
              steps: [{{class: 0, command: {{argv: [test, "!", -e, "{home}/mark"]}}}}]
            no_rollback: it takes back
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("runs")
    book = home / "book.yaml"
    book.write_text(BOOK.format(home=home), encoding="utf-8")
    with opsbook_up(book, home / "data", "unknown"):
        yield home / "data"


def asked(data: Path, *words: str, token: str | None = None) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | ({"OPSBOOK_TOKEN": token} if token else {})
    return subprocess.run(
        [*OPSBOOK, *words, "--data", str(data)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def shown(data: Path, run: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        opsbook("runs", "show", run, "--data", data, "--json").stdout
    )
    return found


def until_waiting(data: Path, run: str) -> str:
    """What it waits for."""
    deadline = time.monotonic() + 30
    while (waiting := shown(data, run)["waiting"]) is None or waiting["kind"] == "queue":
        assert time.monotonic() < deadline, "it does not come to its question"
        time.sleep(0.1)
    return str(waiting["kind"])


def test_without_do_nothing_is_done_and_the_plan_is_shown(data: Path) -> None:
    answer = asked(data, "run", "mark")
    assert answer.returncode == 0
    for part in ("touch", "precheck", "verify", "rollback", "unproven", "nothing was changed"):
        assert part in answer.stdout
    assert not (data.parent / "mark").exists()


def test_followed_it_shows_what_the_command_writes(data: Path) -> None:
    answer = asked(data, "run", "greet", "word=moon", "--do", "--why", "test", "--follow")
    assert (answer.returncode, "hello moon" in answer.stdout) == (0, True)
    assert answer.stdout.splitlines()[-1].split() == ["run", "succeeded"]


def test_a_run_that_failed_ends_with_1(data: Path) -> None:
    answer = asked(data, "run", "fail", "--do", "--why", "test", "--follow")
    assert answer.returncode == 1
    assert "ended with 1" in answer.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["greet"], "parameter word: is missing"),
        (["greet", "wort=x"], "did you mean word?"),
        (["greet", "word"], "write NAME=VALUE"),
        (["greet", "word=a", "word=b"], "given twice"),
        (["greet", "word=" + "x" * 30], "word"),
        (["greet", "word=x", "--do"], "say why"),
        (["great"], "did you mean greet?"),
        (["mark", "--do", "--why", "w"], "typing 'mark'"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_remedy(
    data: Path, words: list[str], said: str
) -> None:
    answer = asked(data, "run", *words)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in answer.stderr


def test_a_second_person_approves(data: Path) -> None:
    ada = asked(data, "token", "add", "ada", "--role", "approver").stdout.split()[-1]
    eve = asked(data, "token", "add", "eve", "--role", "viewer").stdout.split()[-1]
    begun = asked(data, "run", "mark", "--do", "--why", "w", "--confirm", "mark").stdout.strip()
    assert until_waiting(data, begun) == "approval"
    assert "a second person" in asked(data, "runs", "approve", begun, "--why", "fine").stderr
    assert "approver" in asked(data, "runs", "approve", begun, "--why", "fine", token=eve).stderr
    assert not (data.parent / "mark").exists()
    assert asked(data, "runs", "approve", begun, "--why", "fine", token=ada).returncode == 0
    assert asked(data, "runs", "follow", begun).returncode == 0
    assert (data.parent / "mark").exists()
    assert asked(data, "runs", "approve", begun, "--why", "fine", token=ada).returncode == 2
    listed = asked(data, "runs", "list", "--runbook", "mark").stdout
    assert (begun in listed, "succeeded" in listed) == (True, True)
    kinds = asked(data, "ledger", "show").stdout
    assert kinds.count("run.answer_rejected") == 2
    assert kinds.count("access.refused") == 1


def test_a_refused_run_stops_and_has_done_nothing(data: Path) -> None:
    (data.parent / "mark").unlink(missing_ok=True)
    bob = asked(data, "token", "add", "bob", "--role", "approver").stdout.split()[-1]
    begun = asked(data, "run", "mark", "--do", "--why", "w", "--confirm", "mark").stdout.strip()
    assert until_waiting(data, begun) == "approval"
    assert asked(data, "runs", "refuse", begun, "--why", "not today", token=bob).returncode == 0
    assert asked(data, "runs", "follow", begun).returncode == 1
    assert "not today" in json.dumps(shown(data, begun))
    assert not (data.parent / "mark").exists()


def test_the_runbooks_are_listed_with_what_is_unproven(data: Path) -> None:
    answer = asked(data, "runbooks")
    assert [line.split()[:3] for line in answer.stdout.splitlines()[1:]] == [
        ["0", "greet", "none"],
        ["0", "fail", "none"],
        ["3", "mark", "unproven:"],
    ]
