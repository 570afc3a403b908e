"""What the kernel says of a process, and who a process is beyond its number."""

import functools
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

_PROC = Path("/proc")
_PF_EXITING = 0x4
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process number is used again; with the start tick and the boot it never is."""

    pid: int
    start_ticks: int
    boot_id: str

    def alive(self) -> bool:
        """Whether this very process runs: not a zombie, not another with its number."""
        return self == identify(self.pid) and not exiting(self.pid)


@dataclass(frozen=True, slots=True)
class ProcessUsage:
    """What a process has taken until now."""

    read_at: float
    """Monotonic time of this reading, in seconds."""
    cpu_seconds: float
    memory_bytes: int
    """Resident memory; pages shared with other processes are in it."""
    threads: int
    age_seconds: float

    def at_start(self) -> "ProcessUsage":
        """What it had taken when it was started: nothing."""
        return replace(self, read_at=self.read_at - self.age_seconds, cpu_seconds=0.0)


def usage(pid: int) -> ProcessUsage | None:
    """What a process has taken; None for one that is gone, a zombie or being torn down.

    Fields and units as in proc_pid_stat(5); the start is counted on the boot clock.
    """
    fields = _stat(pid)
    if fields is None or _is_exiting(fields):
        return None
    started = int(fields[19]) / _TICKS_PER_SECOND
    return ProcessUsage(
        read_at=time.monotonic(),
        cpu_seconds=(int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND,
        memory_bytes=int(fields[21]) * _PAGE_BYTES,
        threads=int(fields[17]),
        age_seconds=max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started),
    )


@functools.cache
def boot_id() -> str:
    """Which boot of the machine this is; the same for as long as this process lives."""
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
    return fields is None or _is_exiting(fields)


def arguments(pid: int) -> list[str]:
    """The argument list of a process; empty for kernel threads and the departed."""
    try:
        raw = _read(pid, "cmdline")
    except OSError:
        return []
    return [os.fsdecode(part) for part in raw.removesuffix(b"\0").split(b"\0")] if raw else []


def executable(pid: int) -> str | None:
    """The program file of a process, or None where it is not ours to see."""
    try:
        # A Path for each process would make a scan of them all four times as dear.
        return os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")  # noqa: PTH115
    except OSError:
        return None


def command_name(pid: int) -> str | None:
    """The first 15 bytes of the name a process was started under; anybody may see it.

    None for the departed, and where the mount option hidepid hides it (proc(5)).
    """
    try:
        return os.fsdecode(_read(pid, "comm").removesuffix(b"\n"))
    except OSError:
        return None


def effective_user(pid: int) -> int | None:
    """The user id that a process acts as; None for the departed."""
    try:
        return (_PROC / str(pid)).stat().st_uid
    except OSError:
        return None


def open_files(pid: int) -> int | None:
    """How many descriptors a process has open, or None where it is not ours to see."""
    try:
        with os.scandir(f"/proc/{pid}/fd") as entries:
            return sum(1 for _ in entries)
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
        text = _read(pid, "stat").decode("ascii", errors="replace")
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def _is_exiting(fields: list[str]) -> bool:
    return fields[0] in ("Z", "X") or bool(int(fields[6]) & _PF_EXITING)


def _read(pid: int, name: str) -> bytes:
    """A file of a process; by its descriptor, for a Path and a file object cost thrice that."""
    descriptor = os.open(f"/proc/{pid}/{name}", os.O_RDONLY)
    try:
        content = os.read(descriptor, 65_536)
        while block := os.read(descriptor, 65_536):
            content += block
        return content
    finally:
        os.close(descriptor)
