"""`process`: a program runs, found by what it exactly is, never by a part of its name."""

import os
import pwd
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, NoReturn, Self

from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from opsbook.book.fields import BookPath
from opsbook.core import procfs
from opsbook.core.aside import Aside
from opsbook.core.procfs import ProcessIdentity, ProcessUsage
from opsbook.probes.explain import explain
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeFailedError, ProbeUnknownError

_APART = 0.1
"""Seconds between two readings of CPU time; the kernel counts in steps of 0.01 s."""

_INTERPRETERS = {
    "bash": {"-o", "-O", "+O", "--rcfile", "--init-file"},
    "bun": set[str](),
    "dash": {"-o"},
    "java": {"-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules"},
    "node": {"-r", "--require", "--import", "--loader", "-C", "--conditions", "--env-file"},
    "perl": set[str](),
    "php": {"-c", "-d"},
    "pypy": {"-W", "-X"},
    "python": {"-W", "-X"},
    "ruby": {"-I", "-r", "-C"},
    "sh": {"-o"},
    "zsh": {"-o"},
}
"""Programs that run what another file says → their options that take the next argument."""


def _program(text: str) -> str:
    if not text or ("/" in text and not text.startswith("/")):
        raise ValueError(
            "neither an absolute path nor a bare name: for a relative path use `argument`"
        )
    return text


class Process(Probe):
    """Finds processes by exact program, argument or pid file, and measures them together."""

    executable: Annotated[str, AfterValidator(_program)] | None = None
    """The program file: an absolute path (symbolic links are followed), or a bare name that
    must equal the last part of the path. A link's name is not the program's: what is started
    as `python3` runs `python3.11`."""
    argument: Annotated[str, Field(min_length=1)] | None = None
    """A path such as `bin/api-gateway` must be what was started: argument 0, or the script
    where that is an interpreter (python, bash, node, java…); a relative one may have more
    directories before it. So an editor with the file open does not count. A word without a
    slash must equal any one argument: name `executable` too where another program may be
    given the same word."""
    pid_file: BookPath | None = None
    """Where the process writes its number. Name `executable` or `argument` too: after a crash
    the number may be another's."""
    user: str | None = None
    """The user, name or number, that it must act as."""

    measures: ClassVar[Mapping[str, str]] = {
        "count": "how many processes there are, without those that have ended",
        "cpu_percent": "CPU time since the last look, or since its start at the first one, "
        "all together; 100 is one core",
        "memory_bytes": "resident memory, all together; what they share counts for each",
        "open_files": "open descriptors, all together, where they are ours to see",
        "threads": "threads, all together",
        "age_seconds": "time since the oldest was started",
    }
    expects: ClassVar[Mapping[str, Mapping[str, Any]]] = {"count": {"at_least": 1}}

    _aside: Aside = PrivateAttr(default_factory=Aside)
    _before: "_Readings" = PrivateAttr(default_factory=dict)

    @property
    def subject(self) -> str:
        named = {
            "executable": self.executable,
            "argument": self.argument,
            "pid file": self.pid_file,
            "user": self.user,
        }
        return ", ".join(f"{name} {value}" for name, value in named.items() if value)

    @model_validator(mode="after")
    def _says_what_to_find(self) -> Self:
        if not (self.executable or self.argument or self.pid_file):
            raise ValueError("nothing to find: give executable, argument or pid_file")
        return self

    async def look(self) -> Measurements:
        now = await self._aside.run(self._find)
        earlier = {process: self._earlier(process, reading) for process, reading in now.items()}
        self._before = {
            process: now[process] if _far_enough(before, now[process]) else before
            for process, before in earlier.items()
        }
        if not now:
            raise ProbeFailedError(f"no process with {self.subject}", {"count": 0})
        return await self._aside.run(lambda: _measure(earlier, now))

    def _earlier(self, process: ProcessIdentity, now: ProcessUsage) -> ProcessUsage:
        """What to compare with: the last look, or the process's start at the first one. A
        pause between two readings would delay every verification of a restart."""
        return self._before.get(process) or now.at_start()

    def _find(self) -> "_Readings":
        """The processes that are all that is asked for. Raises ProbeUnknownError."""
        pids = procfs.all_pids() if self.pid_file is None else self._written_pid()
        wanted = _Wanted(self)
        identities = (procfs.identify(pid) for pid in pids if wanted.met_by(pid))
        found = _read(identity for identity in identities if identity is not None)
        if not found:
            wanted.admit_what_is_hidden(pids)
        return found

    def _written_pid(self) -> list[int]:
        assert self.pid_file is not None
        try:
            return [int(self.pid_file.read_text(encoding="ascii").split()[0])]
        except (FileNotFoundError, NotADirectoryError):
            message = f"no process with {self.subject}: there is no such file"
            raise ProbeFailedError(message, {"count": 0}) from None
        except OSError as error:
            reason = f"cannot read the pid file: {explain(error)}"
        except (ValueError, IndexError):
            reason = "the pid file holds no number"
        raise ProbeUnknownError(f"cannot find a process with {self.subject}: {reason}")


_Readings = dict[ProcessIdentity, ProcessUsage]


class _Wanted:
    """What is asked of a process, made ready to be held against all that run."""

    def __init__(self, settings: Process) -> None:
        """Raises ProbeUnknownError if there is no such user."""
        self._subject = settings.subject
        self._executable = settings.executable
        self._file = os.path.realpath(settings.executable) if settings.executable else ""
        self._argument = settings.argument
        self._user = self._user_id(settings.user)

    def met_by(self, pid: int) -> bool:
        return (
            self._has_user(pid)
            and (self._executable is None or self._runs(procfs.executable(pid)))
            and (self._argument is None or _was_given(self._argument, procfs.arguments(pid)))
        )

    def admit_what_is_hidden(self, pids: Iterable[int]) -> None:
        """Nothing was found: raises ProbeUnknownError where that is for want of sight."""
        if self._user is not None and self._user == os.geteuid():
            return
        if procfs.command_name(1) is None:
            self._cannot_see("other users' processes are hidden (hidepid); run as their user")
        if self._executable is None:
            return
        names = {PurePath(path).name[:15] for path in (self._executable, self._file)}
        for pid in pids:
            unseen = procfs.executable(pid) is None and procfs.command_name(pid) in names
            if unseen and self._has_user(pid) and not procfs.exiting(pid):
                self._cannot_see(f"what pid {pid} runs is its user's to see; look for `argument`")

    def _cannot_see(self, reason: str) -> NoReturn:
        raise ProbeUnknownError(
            f"cannot tell whether a process with {self._subject} runs: {reason}"
        )

    def _user_id(self, user: str | None) -> int | None:
        if user is None or user.isdecimal():
            return None if user is None else int(user)
        try:
            return pwd.getpwnam(user).pw_uid
        except KeyError:
            message = f"cannot find a process with {self._subject}: there is no such user here"
            raise ProbeUnknownError(message) from None

    def _has_user(self, pid: int) -> bool:
        return self._user is None or procfs.effective_user(pid) == self._user

    def _runs(self, file: str | None) -> bool:
        if file is None or self._executable is None:
            return False
        if "/" in self._executable:
            return file == self._file
        return PurePath(file).name == self._executable


def _was_given(wanted: str, arguments: list[str]) -> bool:
    if "/" not in wanted:
        return wanted in arguments
    below = "" if wanted.startswith("/") else "/"
    return any(
        started == wanted or (below and started.endswith(below + wanted))
        for started in _started(arguments)
    )


def _started(arguments: list[str]) -> list[str]:
    """What was started: argument 0 and, where that is an interpreter, its script."""
    if not arguments:
        return []
    name = PurePath(arguments[0]).name.removeprefix("-").rstrip("0123456789.")
    with_value = _INTERPRETERS.get(name)
    if with_value is None:
        return arguments[:1]
    rest = iter(arguments[1:])
    for each in rest:
        if each in with_value:
            next(rest, None)
        elif not each.startswith("-"):
            return [arguments[0], each]
    return arguments[:1]


def _read(processes: Iterable[ProcessIdentity]) -> _Readings:
    """A reading of each that still runs and is still the same."""
    readings = ((process, procfs.usage(process.pid)) for process in processes)
    return {
        process: reading
        for process, reading in readings
        if reading is not None and procfs.identify(process.pid) == process
    }


def _measure(earlier: _Readings, now: _Readings) -> Measurements:
    measured: Measurements = {
        "count": len(now),
        "cpu_percent": sum(_cpu_percent(earlier[process], now[process]) for process in now),
        "memory_bytes": sum(reading.memory_bytes for reading in now.values()),
        "threads": sum(reading.threads for reading in now.values()),
        "age_seconds": max(reading.age_seconds for reading in now.values()),
    }
    opened = [procfs.open_files(process.pid) for process in now]
    if None not in opened:
        measured["open_files"] = sum(count or 0 for count in opened)
    return measured


def _far_enough(earlier: ProcessUsage, now: ProcessUsage) -> bool:
    return now.read_at - earlier.read_at >= _APART


def _cpu_percent(earlier: ProcessUsage, now: ProcessUsage) -> float:
    passed = max(now.read_at - earlier.read_at, _APART)
    return 100 * (now.cpu_seconds - earlier.cpu_seconds) / passed
