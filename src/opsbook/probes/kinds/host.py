"""`host`: how busy and how full the machine is, or the container that Opsbook runs in."""

import asyncio
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import ClassVar

from pydantic import PrivateAttr

from opsbook.book.fields import BookPath
from opsbook.core.aside import Aside
from opsbook.probes.explain import explain
from opsbook.probes.model import Measurements
from opsbook.probes.probe import Probe, ProbeUnknownError

_PAUSE = 0.2
"""Seconds between two readings of CPU time; the kernel counts in steps of 0.01 s per core."""
_DISK_ANSWERS_WITHIN = 1.0
"""Seconds; a disk that takes longer hangs, and the rest must be told before the deadline."""

_OF_A_DISK = {
    "disk_used_percent": "used space of what is not reserved for root",
    "disk_free_bytes": "free space, without what is reserved for root",
    "inodes_used_percent": "used inodes, where the file system counts them",
}
_WORST = {"disk_used_percent": max, "disk_free_bytes": min, "inodes_used_percent": max}


class Host(Probe):
    """Measures CPU, memory, disks, load and pressure of the machine."""

    disks: list[BookPath] = [Path("/")]
    """A path on each disk to measure. Of several, the worst counts, and each is measured
    under its own name too: `disk_used_percent[/var]`."""
    limits: bool = True
    """Whether CPU and memory are shares of the limits of the control group that Opsbook runs
    in, where it has any; false measures the whole machine."""
    proc: BookPath = Path("/proc")
    """Where the machine's proc file system is: `/host/proc` in a container that watches its
    host, together with `limits: false`."""
    sys: BookPath = Path("/sys")
    """Where the machine's sys file system is."""

    measures: ClassVar[Mapping[str, str]] = {
        "cpu_percent": "time not idle since the last look; 100 is all cores, or the limit",
        "memory_used_percent": "memory that is not available, of all or of the limit",
        "memory_available_bytes": "memory that can be had without swapping",
        "swap_used_percent": "used swap space, where there is any",
        "load1": "processes that run or wait, mean of the last minute",
        "load5": "the same of the last five minutes",
        "load15": "the same of the last fifteen minutes",
        "load_per_core": "`load1` for each core of the machine",
        "uptime_seconds": "time since the machine was started",
        "oom_kills": "processes killed for want of memory since the machine was started",
        "cpu_pressure_percent": "time in which something waited for CPU, of the last 10 s",
        "memory_pressure_percent": "time in which something waited for memory, of the last 10 s",
        "io_pressure_percent": "time in which something waited for disks, of the last 10 s",
        **{name: f"{meaning}; of several disks the worst" for name, meaning in _OF_A_DISK.items()},
    }

    _aside: Aside = PrivateAttr(default_factory=Aside)
    _disks_aside: dict[Path, Aside] = PrivateAttr(default_factory=dict)
    _before: "_Reading | None" = PrivateAttr(default=None)

    @property
    def subject(self) -> str:
        return "this machine" if self.proc == Path("/proc") else f"the machine of {self.proc}"

    def measured(self) -> Mapping[str, str]:
        each = self.disks if len(self.disks) > 1 else []
        of_each = {
            f"{name}[{path}]": f"{meaning}, of {path}"
            for path in each
            for name, meaning in _OF_A_DISK.items()
        }
        return {**self.measures, **of_each}

    async def look(self) -> Measurements:
        earlier = self._before
        if earlier is None or time.monotonic() - earlier.at < _PAUSE:
            earlier = await self._aside.run(self._read)
            await asyncio.sleep(_PAUSE)
        now = self._before = await self._aside.run(self._read)
        measured = now.measurements | _cpu(earlier, now)
        disks = await asyncio.gather(*(self._disk(path) for path in self.disks))
        measured |= self._of_disks(disks)
        problems = [disk for disk in disks if isinstance(disk, str)]
        if problems:
            raise ProbeUnknownError(f"{self.subject}: {'; '.join(problems)}", measured)
        return measured

    async def _disk(self, path: Path) -> Measurements | str:
        """A disk's measurements, or why there are none."""
        aside = self._disks_aside.setdefault(path, Aside())
        try:
            async with asyncio.timeout(_DISK_ANSWERS_WITHIN):
                return _space(await aside.run(lambda: os.statvfs(path)))
        except TimeoutError:
            return f"disk {path} does not answer"
        except OSError as error:
            return f"disk {path} cannot be measured: {explain(error)}; correct `disks` or mount it"

    def _of_disks(self, disks: Sequence[Measurements | str]) -> Measurements:
        """The worst of all, unless one is not known; and each for itself if there are several."""
        known = {
            path: disk
            for path, disk in zip(self.disks, disks, strict=True)
            if not isinstance(disk, str)
        }
        measured: Measurements = {}
        for name, worst in _WORST.items():
            found = (disk.get(name) for disk in known.values())
            values = [value for value in found if isinstance(value, int | float)]
            if values and len(known) == len(disks):
                measured[name] = worst(values)
        if len(disks) > 1:
            for path, disk in known.items():
                measured |= {f"{name}[{path}]": value for name, value in disk.items()}
        return measured

    def _read(self) -> "_Reading":
        try:
            stat = (self.proc / "stat").read_text(encoding="ascii")
        except OSError as error:
            message = f"cannot read {self.proc / 'stat'} of {self.subject}: {explain(error)}"
            raise ProbeUnknownError(message) from None
        cores = len(re.findall(r"^cpu\d", stat, re.MULTILINE))
        memory = {key: value * 1024 for key, value in _pairs(self.proc / "meminfo").items()}
        reading = _Reading(
            time.monotonic(), [int(each) for each in stat.split("\n", 1)[0].split()[1:]]
        )
        reading.measurements |= _memory(memory) | self._state(cores)
        if self.limits:
            groups = _ControlGroups(self.proc, self.sys)
            reading.limited_cpu = groups.limited_cpu(cores)
            shares = groups.limited_memory(memory.get("MemTotal", 0))
            reading.measurements |= _nearest_limit(shares, reading.measurements)
        return reading

    def _state(self, cores: int) -> Measurements:
        state: Measurements = {}
        loads = _text(self.proc / "loadavg").split()[:3]
        state |= dict(zip(("load1", "load5", "load15"), map(float, loads), strict=False))
        if loads and cores:
            state["load_per_core"] = float(loads[0]) / cores
        uptime = _text(self.proc / "uptime").split()
        if uptime:
            state["uptime_seconds"] = float(uptime[0])
        kills = _pairs(self.proc / "vmstat").get("oom_kill")
        if kills is not None:
            state["oom_kills"] = kills
        for resource in ("cpu", "memory", "io"):
            some = re.search(r"^some avg10=([\d.]+)", _text(self.proc / "pressure" / resource))
            if some:
                state[f"{resource}_pressure_percent"] = float(some[1])
        return state


@dataclass
class _Reading:
    """The machine at one moment."""

    at: float
    """Monotonic time in seconds."""
    cpu: list[int]
    """The counters of the line `cpu` in /proc/stat, proc_stat(5)."""
    limited_cpu: dict[Path, tuple[float, float]] = field(default_factory=dict)
    """Control group → CPU seconds it took until now, cores it may take."""
    measurements: Measurements = field(default_factory=dict)


def cpu_percent(before: Sequence[int], after: Sequence[int]) -> float | None:
    """Share of time that was not idle between two readings; None if no time has passed.

    Counters: user, nice, system, idle, iowait, irq, softirq, steal; what guests took is in
    the first two already. Some may go back a little: iowait does (proc_stat(5)).
    """
    spent = [max(0, new - old) for old, new in zip(before[:8], after[:8], strict=True)]
    total = sum(spent)
    return 100 * (total - sum(spent[3:5])) / total if total else None


def _cpu(before: _Reading, now: _Reading) -> Measurements:
    elapsed = now.at - before.at
    of_limits = [
        100 * (used - before.limited_cpu[group][0]) / (cores * elapsed)
        for group, (used, cores) in now.limited_cpu.items()
        if group in before.limited_cpu
    ]
    if of_limits:
        # What was saved up may be spent on top of the limit (cpu.max.burst), readings lie apart.
        return {"cpu_percent": min(100.0, max(0.0, *of_limits))}
    percent = cpu_percent(before.cpu, now.cpu)
    return {} if percent is None else {"cpu_percent": percent}


def _memory(memory: Mapping[str, int]) -> Measurements:
    measured: Measurements = {}
    total, available = memory.get("MemTotal"), memory.get("MemAvailable")
    if total and available is not None:
        measured["memory_available_bytes"] = available
        measured["memory_used_percent"] = 100 * max(0, total - available) / total
    swap, free = memory.get("SwapTotal"), memory.get("SwapFree")
    if swap and free is not None:
        measured["swap_used_percent"] = 100 * max(0, swap - free) / swap
    return measured


def _nearest_limit(shares: Sequence[tuple[int, int]], machine: Measurements) -> Measurements:
    """Memory by the limit that is nearest to being reached: shares are (used, limit)."""
    if not shares:
        return {}
    available = min(max(0, limit - used) for used, limit in shares)
    return {
        "memory_used_percent": max(min(100.0, 100 * used / limit) for used, limit in shares),
        "memory_available_bytes": min(available, machine.get("memory_available_bytes", available)),
    }


def _space(disk: os.statvfs_result) -> Measurements:
    """As df(1) counts: what only root may use is neither used nor free."""
    used, available = disk.f_blocks - disk.f_bfree, disk.f_bavail
    measured: Measurements = {"disk_free_bytes": available * disk.f_frsize}
    if used + available:
        measured["disk_used_percent"] = 100 * used / (used + available)
    if disk.f_files:
        measured["inodes_used_percent"] = 100 * (disk.f_files - disk.f_ffree) / disk.f_files
    return measured


class _ControlGroups:
    """Our own control group and those around it, of version 1 or 2 (cgroups(7))."""

    def __init__(self, proc: Path, sys: Path) -> None:
        self._sys = sys
        lines = [line.split(":", 2) for line in _text(proc / "self/cgroup").splitlines()]
        self._paths = {
            controller: path for _, names, path in lines for controller in names.split(",")
        }
        """Controller → our group in its hierarchy; version 2 stands under the empty name."""
        self._mounts = dict(_mounted_hierarchies(_text(proc / "self/mountinfo")))

    def limited_cpu(self, cores: int) -> dict[Path, tuple[float, float]]:
        """Each group with a limit → CPU seconds until now, cores it may take."""
        limited = {}
        for relative, group in self._levels("cpu").items():
            quota, period = self._quota(group)
            used = self._cpu_seconds(relative, group)
            if used is not None and quota is not None and period and quota / period < cores:
                limited[group] = (used, quota / period)
        return limited

    def limited_memory(self, total: int) -> list[tuple[int, int]]:
        """Used bytes and limit of each group with a limit; cached files that nothing uses now
        are given back before anything fails, so they are not used."""
        shares = []
        for group in self._levels("memory").values():
            limit = _number(group / "memory.max", group / "memory.limit_in_bytes")
            used = _number(group / "memory.current", group / "memory.usage_in_bytes")
            if limit and used is not None and limit < total:
                stat = _pairs(group / "memory.stat")
                cache = stat.get("total_inactive_file", stat.get("inactive_file", 0))
                shares.append((max(0, used - cache), limit))
        return shares

    def _quota(self, group: Path) -> tuple[int | None, int | None]:
        """Microseconds in each period of so many microseconds; None is no limit."""
        words = _text(group / "cpu.max").split()
        if len(words) == 2:
            return (int(words[0]) if words[0].isdecimal() else None), int(words[1])
        return _number(group / "cpu.cfs_quota_us"), _number(group / "cpu.cfs_period_us")

    def _cpu_seconds(self, relative: PurePosixPath, group: Path) -> float | None:
        micro = _pairs(group / "cpu.stat").get("usage_usec")
        if micro is not None:
            return micro / 1e6
        counted = self._levels("cpuacct").get(relative)
        nano = _number(counted / "cpuacct.usage") if counted else None
        return None if nano is None else nano / 1e9

    def _levels(self, controller: str) -> dict[PurePosixPath, Path]:
        """Our group and those around it as far as they can be seen: path → directory."""
        version = controller if controller in self._paths else ""
        if version not in self._paths or version not in self._mounts:
            return {}
        root, mounted_at = self._mounts[version]
        group = PurePosixPath(self._paths[version])
        below = group.relative_to(root) if group.is_relative_to(root) else PurePosixPath()
        mount = self._sys / mounted_at.relative_to("/sys")
        return {level: mount / level for level in (below, *below.parents)}


def _mounted_hierarchies(mountinfo: str) -> Iterator[tuple[str, tuple[str, PurePosixPath]]]:
    """Controller → which group is mounted, and where; proc_pid_mountinfo(5)."""
    for line in mountinfo.splitlines():
        words = line.split()
        kind, _, options = words[words.index("-") + 1 :][:3]
        place = words[3], PurePosixPath(words[4])
        if not kind.startswith("cgroup") or not place[1].is_relative_to("/sys"):
            continue
        for controller in [""] if kind == "cgroup2" else options.split(","):
            yield controller, place


def _text(file: Path) -> str:
    """What the kernel says there; nothing where it says nothing, or not to us."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _number(*files: Path) -> int | None:
    """The number in the first file that holds one; `max` and -1 are no number."""
    texts = (_text(file).strip() for file in files)
    return next((int(text) for text in texts if text.isdecimal()), None)


def _pairs(file: Path) -> dict[str, int]:
    """`Name: 123 kB` or `name 123` on each line; the unit is for the caller to know."""
    lines = (line.replace(":", " ").split() for line in _text(file).splitlines())
    return {words[0]: int(words[1]) for words in lines if len(words) > 1 and words[1].isdecimal()}
