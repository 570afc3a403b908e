"""Programs started in sessions of their own."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.core.procfs import environment
from opsbook.core.secrets import Secret
from opsbook.services.controller import ControllerError
from opsbook.services.pidfd import process_end, send_signal
from opsbook.services.spawn import spawn
from tests.services.controllers.bound import until


@pytest.fixture
def nowhere() -> Iterator[int]:
    descriptor = os.open(os.devnull, os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


async def test_it_leads_a_session_and_inherits_no_files(nowhere: int) -> None:
    open_here = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(open_here, True)
    process = spawn(["sleep", "1000"], Path("/"), {}, nowhere)
    assert os.getsid(process.pid) == process.pid
    assert {file.name for file in Path(f"/proc/{process.pid}/fd").iterdir()} == {"0", "1", "2"}
    assert Path(f"/proc/{process.pid}/cwd").readlink() == Path("/")
    os.close(open_here)
    send_signal(process, signal.SIGKILL)
    assert await process_end(process) == -signal.SIGKILL


async def test_its_environment_is_what_was_declared(
    nowhere: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_TOKEN", "s3cret-t0ken")
    declared: dict[str, str | Secret] = {"PLAIN": "text", "TOKEN": Secret("env:SERVICE_TOKEN")}
    process = spawn(["sleep", "1000"], Path("/"), declared, nowhere, inherit=False)
    await until(lambda: environment(process.pid) != {})
    assert environment(process.pid) == {"TOKEN": "s3cret-t0ken", "PLAIN": "text"}
    send_signal(process, signal.SIGKILL)
    await process_end(process)


@pytest.mark.parametrize(
    ("words", "directory", "culprit"),
    [
        (["/no/such/program"], "/", "/no/such/program: No such file or directory"),
        (["true"], "/no/such/place", "/no/such/place: No such file or directory"),
        (["/etc"], "/", "/etc: Permission denied"),
        (["true", "a\0b"], "/", "null byte"),
    ],
)
def test_what_cannot_be_started_is_named(
    nowhere: int, words: list[str], directory: str, culprit: str
) -> None:
    with pytest.raises(ControllerError, match=f"cannot start {words[0]}: .*{culprit}"):
        spawn(words, Path(directory), {}, nowhere)


def test_a_missing_secret_is_told(nowhere: int) -> None:
    with pytest.raises(ControllerError, match="cannot start true: secret env:NO_SUCH is missing"):
        spawn(["true"], Path("/"), {"TOKEN": Secret("env:NO_SUCH")}, nowhere)
