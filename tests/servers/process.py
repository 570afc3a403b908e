"""One server process for tests: started by the test, awaited, and stopped with the block."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

_SECONDS_TO_WAIT = 60.0
_SECONDS_TO_STOP = 10.0


@contextlib.contextmanager
def running(
    argv: Sequence[str],
    directory: Path,
    ready: Callable[[], bool],
    *,
    stop: signal.Signals = signal.SIGTERM,
    user: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in the foreground until the block ends; its words go to `output`."""
    output = directory / f"{Path(argv[0]).name}.output"
    with output.open("wb") as words:
        process = subprocess.Popen(
            argv,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=True,
        )
    try:
        wait_until(lambda: process.poll() is not None or ready())
        if process.poll() is not None:
            raise RuntimeError(f"{argv} did not start: {output.read_text(errors='replace')}")
        yield process
    finally:
        _stop(process, stop)


def wait_until(holds: Callable[[], bool]) -> None:
    """Raises TimeoutError if it never does."""
    deadline = time.monotonic() + _SECONDS_TO_WAIT
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {_SECONDS_TO_WAIT:g} s")
        time.sleep(0.02)


def accepts(port: int) -> bool:
    """Whether something listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _stop(process: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    """Ask, then insist; the session is the server's own, so nothing else is hit."""
    if process.poll() is None:
        process.send_signal(stop)
    try:
        process.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
