"""The process between Opsbook and a command; run as a script, without Opsbook's packages.

    python -I -S wrapper.py DIRECTORY WORKING_DIRECTORY WITHIN GRACE KEEP COMMAND...

WITHIN and GRACE are seconds, KEEP is the most bytes of output to keep. Its environment is that
of the command. It starts in 15 ms, so it imports little.
"""

import ctypes
import json
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_CHILD_SUBREAPER = 36
_BLOCK = 1024 * 1024
_KILL_AGAIN_AFTER = 0.01
_TRY_AGAIN_AFTER = 1.0
_MOST_TO_KILL = 5.0
"""Seconds; longer live only those whom the kernel holds, or who are not ours to kill."""
_MOST_BLOCKS = 16
_CANNOT_EXECUTE = 127


class Output:
    """The head and the tail of what was written, in files named by their first byte's number."""

    def __init__(self, directory: Path, keep: int) -> None:
        self._directory = directory
        self._head = keep // 2
        self._tail = keep // 4
        self._position = 0
        self._room = 0
        self._descriptor: int | None = None
        self._tails: list[Path] = []

    def write(self, block: bytes) -> None:
        while block:
            if not self._room:
                self._next_file()
            part, block = block[: self._room], block[self._room :]
            self._keep(part)
            self._position += len(part)
            self._room = 0 if self._descriptor is None else self._room - len(part)

    def _keep(self, part: bytes) -> None:
        try:
            while part and self._descriptor is not None:
                part = part[os.write(self._descriptor, part) :]
        except OSError:
            # A full disk must not hold the command up: the gap will show in the numbers.
            self._close()

    def _next_file(self) -> None:
        self._close()
        file = self._directory / f"output.{self._position:020d}"
        self._room = self._tail if self._position else self._head
        if self._position:
            self._tails.append(file)
            for old in self._tails[:-2]:
                old.unlink(missing_ok=True)
            del self._tails[:-2]
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            self._descriptor = os.open(file, flags, 0o600)
        except OSError:
            self._descriptor = None

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Wrapper:
    """One command from its start to its end."""

    def __init__(self, directory: Path, grace: float, keep: int) -> None:
        self._directory = directory
        self._grace = grace
        self._output = Output(directory, keep)
        self._status: int | None = None
        self._child = 0
        self._asked = False
        self._signals, wakeup = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGTERM, lambda *_: self._ask())
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def carry_out(self, work: str, within: float, words: list[str]) -> None:
        begun = time.monotonic()
        failure, said = self._start(work, words)
        ended: dict[str, Any] = {}
        if failure:
            ended = {"state": "not started", "error": failure}
        else:
            ended = self._attend(said, begun + within)
        ended["seconds"] = round(time.monotonic() - begun, 3)
        ended["ended_at"] = time.time()
        self._write("exit", ended)
        if self._status is not None and not self._asked and ended["state"] != "timed out":
            self._relay(said)

    def _start(self, work: str, words: list[str]) -> tuple[str, int]:
        """Why it cannot be executed, and where to read what it writes."""
        said, saying = os.pipe()
        go, let_go = os.pipe()
        broken, breaking = os.pipe()
        self._child = os.fork()
        if not self._child:
            os.close(let_go)
            _become(work, words, go, saying, breaking)
        for descriptor in (saying, go, breaking):
            os.close(descriptor)
        # From here on it counts as started, whether or not it gets to its first instruction.
        self._write("started", {**identity(self._child), "wrapper": identity(os.getpid())})
        try:  # noqa: SIM105 - contextlib would be one more import of few
            os.write(let_go, b"!")
        except BrokenPipeError:
            pass  # killed before its first instruction: its status says so
        os.close(let_go)
        why = os.read(broken, 1000).decode()
        os.close(broken)
        return why, said

    def _attend(self, said: int, deadline: float) -> dict[str, Any]:
        """Wait for its end; let nothing of it live on if it took too long or is to be stopped."""
        late = False
        while self._status is None:
            left = deadline - time.monotonic()
            late = left <= 0
            if late or self._asked:
                self._end_all(said)
                break
            self._pass_on(said, left)
        self._take_what_is_there(said)
        code, number = _meaning(self._status or 0)
        if late:
            state = "timed out"
        elif self._asked:
            state = "stopped"
        else:
            state = "exited" if number is None else "killed"
        return {"state": state, "code": code, "signal": number}

    def _end_all(self, said: int) -> None:
        """SIGTERM, then SIGKILL, to the command and all that descends from it.

        We are their subreaper (prctl(2)): who has left session and parent is still below us.
        """
        _signal_all(signal.SIGTERM)
        deadline = time.monotonic() + self._grace
        while time.monotonic() < deadline and _descendants():
            self._pass_on(said, min(0.05, max(0.0, deadline - time.monotonic())))
        deadline = time.monotonic() + _MOST_TO_KILL
        while time.monotonic() < deadline and _descendants():
            _signal_all(signal.SIGKILL)
            self._pass_on(said, _KILL_AGAIN_AFTER)

    def _take_what_is_there(self, said: int) -> None:
        """What the command wrote before its end; no more, for others may write for ever."""
        for _ in range(_MOST_BLOCKS):
            if not select.select([said], [], [], 0)[0] or not self._pass_on(said, 0.0):
                return

    def _relay(self, said: int) -> None:
        """What the command left running may go on to write; without us that would kill it."""
        while self._pass_on(said, 3600.0) and not self._asked:
            pass

    def _pass_on(self, said: int, within: float) -> bool:
        """Keep what is written within so many seconds; False at its end."""
        ready, _, _ = select.select([said, self._signals], [], [], min(within, 3600.0))
        if self._signals in ready:
            os.read(self._signals, 4096)
            self._reap()
        if said not in ready:
            return True
        block = os.read(said, _BLOCK)
        self._output.write(block)
        if not block and self._status is None:
            # It has closed its output and lives on.
            select.select([self._signals], [], [], min(within, 3600.0))
            self._reap()
        return bool(block)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self._child:
                self._status = status

    def _ask(self) -> None:
        self._asked = True

    def _write(self, name: str, content: dict[str, Any]) -> None:
        """All or nothing, and on the disk before anything else happens."""
        while True:
            try:
                write(self._directory, name, content)
                return
            except OSError:
                # The disk is full: nobody knows how it ended until there is room.
                time.sleep(_TRY_AGAIN_AFTER)


def _become(work: str, words: list[str], go: int, saying: int, breaking: int) -> NoReturn:
    """In the child: wait until we may, then be the command."""
    try:
        if not os.read(go, 1):
            os._exit(_CANNOT_EXECUTE)  # the wrapper died before it let us go
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (saying, 1), (saying, 2)):
            os.dup2(source, target)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.chdir(work)
        os.execvpe(words[0], words, os.environ)  # noqa: S606 - an argument list, and no shell
    except OSError as error:
        os.write(breaking, f"{error.filename or words[0]}: {error.strerror}".encode())
    except ValueError as error:
        os.write(breaking, str(error).encode())
    os._exit(_CANNOT_EXECUTE)


def take(directory: Path) -> bool:
    """Whether we are the one who may start the command. At most one ever is.

    link(2) is as exclusive as O_EXCL, and the file never is without the name of who made it.
    """
    ours = directory / f"go.{os.getpid()}"
    ours.unlink(missing_ok=True)
    with os.fdopen(os.open(ours, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        json.dump(identity(os.getpid()), file)
        file.flush()
        os.fsync(file.fileno())
    try:
        (directory / "go").hardlink_to(ours)
    except FileExistsError:
        return False
    finally:
        ours.unlink()
    return True


def write(directory: Path, name: str, content: dict[str, Any]) -> None:
    fresh = directory / f"{name}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(directory / name)
    place = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def identity(pid: int) -> dict[str, Any]:
    """As `opsbook.core.procfs.ProcessIdentity` has it."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return {"pid": pid, "start_ticks": int(_stat(pid)[19]), "boot_id": boot}


def _stat(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_bytes().decode("ascii", "replace")
    return text[text.rindex(")") + 2 :].split()


def _descendants() -> dict[int, str]:
    """All below us that are no zombies, with their start ticks."""
    children: dict[int, list[int]] = {}
    living: dict[int, str] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                fields = _stat(int(entry.name))
            except (OSError, ValueError):
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
            if fields[0] not in "ZX":
                living[int(entry.name)] = fields[19]
    found: list[int] = []
    below = [os.getpid()]
    while below:
        below = [child for parent in below for child in children.get(parent, ())]
        found += below
    return {pid: living[pid] for pid in found if pid in living}


def _signal_all(number: signal.Signals) -> None:
    for pid, start_ticks in _descendants().items():
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            continue
        try:
            if _stat(pid)[19] == start_ticks:
                signal.pidfd_send_signal(descriptor, number)
        except OSError:
            continue  # it is gone, or not ours
        finally:
            os.close(descriptor)


def _meaning(status: int) -> tuple[int | None, int | None]:
    """Exit code, or the number of the signal that killed it."""
    if os.WIFSIGNALED(status):
        return None, os.WTERMSIG(status)
    return os.WEXITSTATUS(status), None


def main() -> None:
    directory, work, within, grace, keep, *words = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if take(Path(directory)):
        Wrapper(Path(directory), float(grace), int(keep)).carry_out(work, float(within), words)


if __name__ == "__main__":
    main()
