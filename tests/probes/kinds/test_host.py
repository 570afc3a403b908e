"""The `host` kind on this machine, and on machines and containers laid out as files."""

import asyncio
from pathlib import Path
from typing import Any, ClassVar

import psutil  # type: ignore[import-untyped]  # it ships no types
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsbook.probes.kinds.host import cpu_percent
from opsbook.probes.model import Measurements, State
from opsbook.probes.probe import Probe
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ProbeContract, Settings

GIB = 1024**3

counters = st.lists(st.integers(0, 10**9), min_size=8, max_size=8)


class Machine:
    """A machine of four cores and 8 GiB, half of them available, as the kernel shows it."""

    def __init__(self, root: Path) -> None:
        self.settings: dict[str, Any] = {
            "proc": str(root / "proc"),
            "sys": str(root / "sys"),
            "disks": [],
        }
        self._root = root
        self.cpu(busy=0, idle=0)
        kilobytes = {"MemTotal": 8 << 20, "MemFree": 1 << 20, "MemAvailable": 4 << 20}
        self.write("proc/meminfo", "".join(f"{k}:  {v} kB\n" for k, v in kilobytes.items()))
        self.write("proc/loadavg", "6.00 4.50 3.25 2/300 4711\n")
        self.write("proc/uptime", "86400.50 300000.00\n")
        self.write("proc/vmstat", "nr_free_pages 1\noom_kill 3\n")

    def write(self, name: str, text: str) -> None:
        file = self._root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def cpu(self, busy: int, idle: int) -> None:
        """`busy` are spread over the kinds of work; guests' time is in user time already."""
        work = busy // 4
        line = f"cpu  {work} 0 {work} {idle} 0 {work} 0 {busy - 3 * work} {work} 0\n"
        self.write("proc/stat", line + "".join(f"cpu{core} 0 0 0 0\n" for core in range(4)))

    def group(self, version: int, path: str, mounted: str = "/") -> None:
        """Put the watcher into a control group of which `mounted` and below can be seen."""
        mount = "1 1 0:1 {root} /sys/fs/cgroup{at} rw - {kind} x rw{options}\n"
        if version == 2:
            self.write("proc/self/cgroup", f"0::{path}\n")
            text = mount.format(root=mounted, at="", kind="cgroup2", options="")
        else:
            names = ("memory", "cpu", "cpuacct")
            lines = [f"{n}:{name}:{path}\n" for n, name in enumerate(names, 2)]
            self.write("proc/self/cgroup", "".join(lines) + "0::/\n")
            text = "".join(
                mount.format(root=mounted, at=f"/{name}", kind="cgroup", options=f",{name}")
                for name in names
            )
        self.write("proc/self/mountinfo", text)

    async def look(self, **settings: Any) -> Measurements:
        outcome = await look("host", self.settings | settings)
        assert outcome.state is State.UP, outcome.message
        return outcome.measurements


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


class TestHost(ProbeContract):
    kind: ClassVar[str] = "host"

    @pytest.fixture
    async def healthy(self) -> Settings:
        return {}

    @pytest.fixture
    async def broken(self, tmp_path: Path) -> Settings:
        return {"proc": str(tmp_path / "none")}

    async def test_this_machine_is_measured_as_psutil_and_df_measure_it(self) -> None:
        measured = (await look("host", {"limits": False})).measurements
        memory, disk = psutil.virtual_memory(), psutil.disk_usage("/")
        assert measured["memory_used_percent"] == pytest.approx(memory.percent, abs=3)
        assert measured["disk_used_percent"] == pytest.approx(disk.percent, abs=0.2)
        assert measured["disk_free_bytes"] == pytest.approx(disk.free, rel=0.02)
        assert measured["load_per_core"] == pytest.approx(
            float(measured["load1"]) / (psutil.cpu_count() or 0)
        )

    async def test_what_the_kernel_says_is_measured(self, machine: Machine) -> None:
        machine.write("proc/pressure/io", "some avg10=12.50 avg60=1.00 avg300=0.00 total=9\n")
        measured = await machine.look()
        assert measured == {
            "memory_used_percent": 50.0,
            "memory_available_bytes": 4 * GIB,
            "load1": 6.0,
            "load5": 4.5,
            "load15": 3.25,
            "load_per_core": 1.5,
            "uptime_seconds": 86400.5,
            "oom_kills": 3,
            "io_pressure_percent": 12.5,
        }

    async def test_swap_is_measured_where_there_is_any(self, machine: Machine) -> None:
        machine.write("proc/meminfo", "SwapTotal: 1000 kB\nSwapFree: 250 kB\n")
        assert (await machine.look())["swap_used_percent"] == 75.0

    @pytest.mark.parametrize(
        ("busy", "idle", "percent"), [(400, 0, 100), (100, 300, 25), (0, 9, 0)]
    )
    async def test_cpu_is_all_time_not_idle_since_the_last_look(
        self, busy: int, idle: int, percent: float, machine: Machine
    ) -> None:
        probe = make_check("host", machine.settings).probe
        await probe.look()
        machine.cpu(busy, idle)
        measured = await again(probe)
        assert measured["cpu_percent"] == percent

    @settings(deadline=None)
    @given(before=counters, after=counters)
    def test_cpu_is_never_below_0_nor_above_100(self, before: list[int], after: list[int]) -> None:
        percent = cpu_percent(before, after)
        assert percent is None or 0 <= percent <= 100

    @settings(deadline=None)
    @given(counters)
    def test_cpu_without_time_passed_is_not_known(self, counted: list[int]) -> None:
        assert cpu_percent(counted, counted) is None

    def test_waiting_time_that_goes_back_takes_nothing_from_the_rest(self) -> None:
        before, after = [0, 0, 0, 0, 50, 0, 0, 0], [30, 0, 0, 70, 40, 0, 0, 0]
        assert cpu_percent(before, after) == 30

    @pytest.mark.parametrize("version", [1, 2])
    async def test_memory_is_a_share_of_the_limit_of_the_container(
        self, version: int, machine: Machine
    ) -> None:
        machine.group(version, "/docker/abc", mounted="/docker/abc")
        limit_memory(machine, version, "", GIB, used=GIB // 2, cache=GIB // 4)
        measured = await machine.look()
        assert measured["memory_used_percent"] == 25.0
        assert measured["memory_available_bytes"] == GIB * 3 // 4

    @pytest.mark.parametrize("version", [1, 2])
    async def test_the_limit_of_a_group_around_ours_counts_too(
        self, version: int, machine: Machine
    ) -> None:
        machine.group(version, "/pods/one")
        limit_memory(machine, version, "/pods", 2 * GIB, used=GIB * 3 // 2, cache=0)
        limit_memory(machine, version, "/pods/one", GIB, used=GIB // 10, cache=0)
        assert (await machine.look())["memory_used_percent"] == 75.0

    @pytest.mark.parametrize("version", [1, 2])
    async def test_what_is_no_limit_leaves_the_machine_the_measure(
        self, version: int, machine: Machine
    ) -> None:
        machine.group(version, "/a")
        none = "max" if version == 2 else 9223372036854771712
        limit_memory(machine, version, "/a", none, used=GIB // 8, cache=0)
        assert (await machine.look())["memory_used_percent"] == 50.0
        limit_memory(machine, version, "/a", 64 * GIB, used=GIB // 8, cache=0)
        assert (await machine.look())["memory_used_percent"] == 50.0

    async def test_the_machine_can_be_measured_from_within_a_limit(self, machine: Machine) -> None:
        machine.group(2, "/a")
        limit_memory(machine, 2, "/a", GIB, used=GIB, cache=0)
        assert (await machine.look(limits=False))["memory_used_percent"] == 50.0
        assert (await machine.look(limits=True))["memory_used_percent"] == 100.0

    @pytest.mark.parametrize("version", [1, 2])
    async def test_cpu_is_a_share_of_the_limit_of_the_container(
        self, version: int, machine: Machine
    ) -> None:
        machine.group(version, "/a/b")
        machine.cpu(busy=0, idle=0)
        limit_cpu(machine, version, "/a", cores=2, used=100.0)
        probe = make_check("host", machine.settings).probe
        await probe.look()
        machine.cpu(busy=400, idle=0)
        limit_cpu(machine, version, "/a", cores=2, used=100.0 + 0.25)
        measured = await again(probe, after=0.25)
        # A quarter of a second of two cores in a little more than a quarter of a second.
        assert 30 < float(measured["cpu_percent"]) <= 50

    async def test_more_cpu_than_the_machine_has_is_no_limit(self, machine: Machine) -> None:
        machine.group(2, "/a")
        limit_cpu(machine, 2, "/a", cores=8, used=0)
        probe = make_check("host", machine.settings).probe
        await probe.look()
        machine.cpu(busy=100, idle=100)
        assert (await again(probe))["cpu_percent"] == 50.0

    async def test_the_worst_of_several_disks_counts(self, tmp_path: Path) -> None:
        disks = [str(tmp_path), "/dev/shm"]
        measured = (await look("host", {"disks": disks})).measurements
        assert set(disks) == {name.partition("[")[2][:-1] for name in measured if "[" in name}
        for name, worst in (("disk_used_percent", max), ("disk_free_bytes", min)):
            assert measured[name] == worst(measured[f"{name}[{disk}]"] for disk in disks)

    async def test_conditions_can_name_one_disk(self) -> None:
        outcome = await look(
            "host",
            {"disks": ["/", "/dev/shm"]},
            conditions={"disk_used_percent[/dev/shm]": {"above": "100 %"}},
        )
        assert outcome.state is State.DOWN

    async def test_a_disk_that_is_not_there_is_unknown_and_named(self, tmp_path: Path) -> None:
        missing = tmp_path / "none"
        outcome = await look("host", {"disks": ["/", str(missing)]})
        assert outcome.state is State.UNKNOWN
        assert str(missing) in outcome.message
        assert "disk_used_percent[/]" in outcome.measurements
        assert "disk_used_percent" not in outcome.measurements


async def again(probe: Probe, after: float = 0.2) -> Measurements:
    """The next look, late enough that it compares with the last one."""
    await asyncio.sleep(after)
    return await probe.look()


def limit_memory(
    machine: Machine, version: int, group: str, limit: int | str, used: int, cache: int
) -> None:
    names = {
        1: ("memory/", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
        2: ("", "memory.max", "memory.current", "inactive_file"),
    }
    below, limit_file, used_file, cache_name = names[version]
    directory = f"sys/fs/cgroup/{below}{group}"
    machine.write(f"{directory}/{limit_file}", f"{limit}\n")
    machine.write(f"{directory}/{used_file}", f"{used}\n")
    machine.write(f"{directory}/memory.stat", f"anon 5\n{cache_name} {cache}\n")


def limit_cpu(machine: Machine, version: int, group: str, cores: int, used: float) -> None:
    if version == 2:
        machine.write(f"sys/fs/cgroup{group}/cpu.max", f"{cores * 100_000} 100000\n")
        machine.write(f"sys/fs/cgroup{group}/cpu.stat", f"usage_usec {used * 1e6:.0f}\n")
    else:
        machine.write(f"sys/fs/cgroup/cpu{group}/cpu.cfs_quota_us", f"{cores * 100_000}\n")
        machine.write(f"sys/fs/cgroup/cpu{group}/cpu.cfs_period_us", "100000\n")
        machine.write(f"sys/fs/cgroup/cpuacct{group}/cpuacct.usage", f"{used * 1e9:.0f}\n")
