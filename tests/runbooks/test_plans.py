"""Plans: shown, signed by who may, and worth nothing once the runbook has changed."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from opsbook.core.errors import BadInputError
from opsbook.durable.model import RunState
from tests.cli.run import OPSBOOK, opsbook, opsbook_up
from tests.runbooks.scene import BERT, book, mark, scene


def careful(**more: Any) -> dict[str, Any]:
    return {"steps": [mark("one", **{"class": 2, **more})]}


async def test_the_beginning_of_a_digest_stands_for_it(tmp_path: Path) -> None:
    async with scene(tmp_path, book(tmp_path, two=careful())) as there:
        digest = (await there.runbooks.dry_run("two", {})).digest
        for wrong in (digest[:11], "%" * 12, ""):
            with pytest.raises(BadInputError, match="there is no plan"):
                await there.runbooks.sign(wrong, BERT)
        await there.runbooks.sign(digest[:12], BERT)
        (entry,) = await there.entries("plan.signed")
        assert entry.subject == digest
        with pytest.raises(BadInputError, match="is signed already, by bert"):
            await there.runbooks.sign(digest, BERT)
        run = await there.carried("two", unattended=True, plan=digest[:12], confirm="")
        assert run.state is RunState.SUCCEEDED, run.error


async def test_a_plan_is_of_one_procedure_and_its_parameters(tmp_path: Path) -> None:
    named = {"parameters": {"what": {"type": "text"}}, **careful()}
    async with scene(tmp_path, book(tmp_path, two=named)) as there:
        digest = (await there.runbooks.dry_run("two", {"what": "a"})).digest
        await there.runbooks.sign(digest, BERT)
        with pytest.raises(BadInputError, match="is not of runbook two as it stands"):
            await there.run("two", unattended=True, plan=digest, parameters={"what": "b"})
        there.runbooks.replace(book(tmp_path, two={**named, **careful(within="5s")}), [])
        with pytest.raises(BadInputError, match="is not of runbook two as it stands"):
            await there.run("two", unattended=True, plan=digest, parameters={"what": "a"})
        assert there.effects() == []


def written(home: Path, line: str) -> Path:
    """A book with the runbook `note` of class 2, which writes a line."""
    look = {"class": 0, "command": {"argv": ["test", "-e", f"{home}/noted"]}}
    step = {
        "name": "write",
        "class": 2,
        "command": {"argv": ["sh", "-c", f"echo {line} >> {home}/noted"]},
        "verify": {"steps": [look]},
        "no_rollback": "a line is a line",
    }
    file = home / "book.yaml"
    file.write_text(
        json.dumps({"platform": {"name": "x"}, "runbooks": {"note": {"steps": [step]}}})
    )
    return file


def asked(data: Path, *words: str, token: str = "") -> "subprocess.CompletedProcess[str]":
    environment = os.environ | ({"OPSBOOK_TOKEN": token} if token else {})
    command = [*OPSBOOK, *words, "--data", str(data)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def until_told(data: Path, kind: str) -> None:
    deadline = time.monotonic() + 10
    while kind not in asked(data, "ledger", "show").stdout:
        assert time.monotonic() < deadline, f"no {kind}"
        time.sleep(0.05)


def test_from_a_dry_run_to_a_signed_plan_to_a_run_and_not_after_a_change(tmp_path: Path) -> None:
    data, file = tmp_path / "data", written(tmp_path, "first")
    with opsbook_up(file, data, "unknown") as watch:
        ada = opsbook("token", "add", "ada", "--role", "approver", "--data", data)
        token = ada.stdout.split()[-1]
        shown = asked(data, "run", "note").stdout
        digest = shown.splitlines()[0].split()[-1]
        words = ("run", "note", "--do", "--why", "nightly", "--plan", digest)
        assert "is not signed" in asked(data, *words).stderr
        assert asked(data, "runs", "sign", digest, token=token).returncode == 0
        assert asked(data, *words, "--follow").returncode == 0
        assert (tmp_path / "noted").read_text() == "first\n"
        written(tmp_path, "second")
        watch.send_signal(signal.SIGHUP)
        until_told(data, "book.reloaded")
        refused = asked(data, *words)
        assert (refused.returncode, "as it stands" in refused.stderr) == (2, True)
        again = asked(data, "run", "note", "--do", "--why", "w", "--confirm", "note", "--follow")
        assert again.returncode == 0, again.stderr
        assert (tmp_path / "noted").read_text() == "first\nsecond\n"
