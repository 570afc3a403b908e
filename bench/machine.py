"""What the figures were measured on: they mean nothing without it."""

import os
import platform
import re
import shutil
import subprocess
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import opsbook


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine, and how much of it others used just before the run."""

    cores: int
    cpu: str
    kernel: str
    memory_bytes: int
    python: str
    busy_percent: float
    """Of all cores, over one second before anything was started."""
    steal_percent: float
    """What the host kept from this machine in that second."""

    def __str__(self) -> str:
        return (
            f"{self.cores} cores of {self.cpu}, {self.memory_bytes / 2**30:.0f} GiB, "
            f"Linux {self.kernel}, Python {self.python}; "
            f"before the run others kept it {self.busy_percent:.0f} % busy "
            f"({self.steal_percent:.0f} % stolen)"
        )


def machine() -> Machine:
    """Looks for one second."""
    busy, steal = _load(1.0)
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        cpu=_cpu_model(),
        kernel=platform.release(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        python=platform.python_version(),
        busy_percent=busy,
        steal_percent=steal,
    )


def missing(*programs: str) -> str | None:
    """Why a peer cannot take part, or None. Debian's packages are called like the programs."""
    absent = [program for program in programs if shutil.which(program) is None]
    return f"not installed: apt-get install {' '.join(absent)}" if absent else None


def versions(**programs: list[str]) -> dict[str, str]:
    """Opsbook's version, its neighbours', and the one that each command says of itself."""
    found = {name: _version(words) for name, words in programs.items()}
    return {
        "opsbook": opsbook.__version__,
        "uvloop": version("uvloop"),
        "supervisor": version("supervisor"),
        **found,
    }


def introduce(found: Machine, of: dict[str, str]) -> None:
    """For the reader of the table."""
    print(found)
    print(", ".join(f"{name} {version}" for name, version in of.items()))


def described(found: Machine, of: dict[str, str]) -> dict[str, Any]:
    """For the JSON."""
    return {"machine": asdict(found), "versions": of}


def _version(words: list[str]) -> str:
    if shutil.which(words[0]) is None:
        return "not installed"
    ran = subprocess.run(words, capture_output=True, text=True, timeout=10)
    said = ran.stdout or ran.stderr
    number = re.search(r"\d+\.\d[^\s),]*", said)
    return number[0] if number else said.strip().partition("\n")[0]


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _load(seconds: float) -> tuple[float, float]:
    """Busy and stolen percent of all cores; fields of `cpu` as in proc_stat(5)."""
    before = _cpu_ticks()
    time.sleep(seconds)
    passed = [after - begun for begun, after in zip(before, _cpu_ticks(), strict=True)]
    total = sum(passed[:8]) or 1
    idle, steal = passed[3] + passed[4], passed[7]
    return 100 * (total - idle) / total, 100 * steal / total


def _cpu_ticks() -> list[int]:
    first = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
    return [int(field) for field in first.split()[1:]]
