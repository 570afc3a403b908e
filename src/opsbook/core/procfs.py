"""What the kernel says of a process, and who a process is beyond its number."""

import os
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PF_EXITING = 0x4


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process number is used again; with the start tick and the boot it never is."""

    pid: int
    start_ticks: int
    boot_id: str

    def alive(self) -> bool:
        """Whether this very process runs: not a zombie, not another with its number."""
        return self == identify(self.pid) and not exiting(self.pid)


def boot_id() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def identify(pid: int) -> ProcessIdentity | None:
    """Who has this number now, or None."""
    fields = _stat(pid)
    return ProcessIdentity(pid, int(fields[19]), boot_id()) if fields else None


def exiting(pid: int) -> bool:
    """Whether the process is a zombie, or is being torn down by the kernel.

    A large process keeps its sockets open for many milliseconds after SIGKILL; PF_EXITING
    in its flags (proc_pid_stat(5), field 9) is set from the first moment on.
    """
    fields = _stat(pid)
    return not fields or fields[0] in ("Z", "X") or bool(int(fields[6]) & _PF_EXITING)


def arguments(pid: int) -> list[str]:
    """The argument list of a process; empty for kernel threads and the departed."""
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(part) for part in raw.rstrip(b"\0").split(b"\0")] if raw else []


def executable(pid: int) -> str | None:
    """The program file of a process, or None where it is not ours to see."""
    try:
        return str((_PROC / str(pid) / "exe").readlink()).removesuffix(" (deleted)")
    except OSError:
        return None


def environment(pid: int) -> dict[str, str]:
    """The environment a process was started with; empty where it is not ours to see."""
    try:
        raw = (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return {}
    pairs = (os.fsdecode(part).partition("=") for part in raw.split(b"\0") if part)
    return {name: value for name, _, value in pairs}


def all_pids() -> list[int]:
    return [int(entry.name) for entry in os.scandir(_PROC) if entry.name.isdigit()]


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the state on: the name before it may hold anything."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def resident_bytes(pid: int | str = "self") -> int:
    """Resident memory of a process."""
    pages = (_PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int:
    """Open file descriptors of this process."""
    return len(os.listdir(_PROC / "self/fd"))  # noqa: PTH208 - a list of names is all it takes
