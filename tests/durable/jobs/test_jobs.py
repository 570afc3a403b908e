"""Commands that outlive who started them, and are started once."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opsbook.core.procfs import all_pids, arguments, environment, exiting
from opsbook.core.secrets import Secret
from opsbook.durable.jobs.jobs import Jobs
from opsbook.durable.jobs.model import Command, Ending
from opsbook.durable.port import UnknownRunError
from tests.eventually import eventually
from tests.servers.disk import small_disk

BOUND = 8 * 1024 * 1024


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    jobs = Jobs(tmp_path / "jobs")
    yield jobs
    jobs.close()


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Command]:
    """A command with a working directory of its own."""

    def make(*words: str, within: float = 30.0, **options: object) -> Command:
        return Command(words, tmp_path, within, **options)  # type: ignore[arg-type]

    return make


def living(mark: str) -> list[int]:
    """Who has this mark among its arguments, other than wrappers."""
    return [
        pid
        for pid in all_pids()
        if any(mark in word for word in arguments(pid))
        and not any("wrapper.py" in word for word in arguments(pid))
        and not exiting(pid)
    ]


def recorded(root: Path, name: str) -> dict[str, object]:
    content: dict[str, object] = json.loads((root / "jobs" / "j" / name).read_text())
    return content


async def test_the_end_and_the_last_words_of_a_command_are_kept(
    jobs: Jobs, command: Callable[..., Command]
) -> None:
    outcome = await jobs.carry_out("j", command("sh", "-c", "echo out; echo err >&2; exit 3"))
    assert (outcome.ending, outcome.code, outcome.words) == (Ending.EXITED, 3, "out\nerr")
    assert outcome.seconds is not None


async def test_a_command_that_a_signal_killed_has_no_exit_code(
    jobs: Jobs, command: Callable[..., Command]
) -> None:
    outcome = await jobs.carry_out("j", command("sh", "-c", "kill -9 $$"))
    assert (outcome.ending, outcome.code, outcome.signal) == (Ending.KILLED, None, 9)


@pytest.mark.parametrize(
    ("words", "directory", "why"),
    [
        (("/no/such/program",), "/", "/no/such/program: No such file or directory"),
        (("/etc/passwd",), "/", "/etc/passwd: Permission denied"),
        (("true",), "/no/such/place", "/no/such/place: No such file or directory"),
    ],
)
async def test_what_cannot_be_executed_says_why(
    jobs: Jobs, words: tuple[str, ...], directory: str, why: str
) -> None:
    outcome = await jobs.carry_out("j", Command(words, Path(directory), 10))
    assert (outcome.ending, outcome.error) == (Ending.NOT_STARTED, why)


async def test_the_words_are_no_line_for_a_shell(
    jobs: Jobs, command: Callable[..., Command]
) -> None:
    words = "a  b; echo $HOME `id` 'x' \\ ü"
    assert (await jobs.carry_out("j", command("printf", "%s", words))).words == words


async def test_it_runs_where_it_is_told(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    assert (await jobs.carry_out("j", command("pwd"))).words == str(tmp_path)


async def test_it_has_no_terminal_and_reads_nothing(
    jobs: Jobs, command: Callable[..., Command]
) -> None:
    script = "cat; (: < /dev/tty) 2> /dev/null || echo no terminal"
    assert (await jobs.carry_out("j", command("sh", "-c", script))).words == "no terminal"


async def test_it_inherits_no_secret_and_is_given_its_own(
    jobs: Jobs, command: Callable[..., Command], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("JOBS_TEST_OURS", "secret-of-opsbook")
    monkeypatch.setenv("JOBS_TEST_THEIRS", "secret-of-the-job")
    Secret("env:JOBS_TEST_OURS").reveal()
    given = {"TOKEN": Secret("env:JOBS_TEST_THEIRS"), "PLAIN": "seen"}
    script = 'echo "[$JOBS_TEST_OURS] [$PLAIN] [$TOKEN] ${#TOKEN}"'
    outcome = await jobs.carry_out("j", command("sh", "-c", script, environment=given))
    assert outcome.words == "[] [seen] [***] 17"
    for file in (tmp_path / "jobs" / "j").iterdir():
        if not file.name.startswith("output."):
            assert b"secret-of" not in file.read_bytes()


async def test_a_secret_that_is_missing_is_said(
    jobs: Jobs, command: Callable[..., Command]
) -> None:
    given = {"TOKEN": Secret("env:JOBS_TEST_NOWHERE")}
    outcome = await jobs.carry_out("j", command("true", environment=given))
    assert outcome.ending is Ending.NOT_STARTED
    assert "JOBS_TEST_NOWHERE is missing" in str(outcome.error)


async def test_a_job_that_has_ended_is_not_done_again(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    append = command("sh", "-c", "echo once >> effects; exit 4")
    first = await jobs.carry_out("j", append)
    assert await jobs.carry_out("j", append) == first
    assert (tmp_path / "effects").read_text() == "once\n"


async def test_a_command_that_runs_is_adopted(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    script = "echo begun >> effects; sleep 0.7; echo ended >> effects; exit 5"
    slow = command("sh", "-c", script)
    first = asyncio.create_task(jobs.carry_out("j", slow))
    await eventually((tmp_path / "effects").exists)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    outcome = await Jobs(tmp_path / "jobs").carry_out("j", slow)
    assert (outcome.ending, outcome.code) == (Ending.EXITED, 5)
    assert (tmp_path / "effects").read_text() == "begun\nended\n"


async def test_a_slow_wrapper_and_who_recovers_never_both_start_the_command(
    tmp_path: Path, command: Callable[..., Command]
) -> None:
    """The new one does not see that the wrapper of the old one is about to start."""
    chance = random.Random(7)
    append = command("sh", "-c", "echo started >> $0", within=10)
    trials = 40

    async def trial(number: int) -> int:
        effects = tmp_path / f"effects{number}"
        words = (*append.words, str(effects))
        once = Command(words, tmp_path, 10)
        old, new = Jobs(tmp_path / "jobs"), Jobs(tmp_path / "jobs")

        async def recover() -> None:
            await asyncio.sleep(chance.uniform(0.0, 0.06))
            await new.carry_out(f"j{number}", once)

        await asyncio.gather(old.carry_out(f"j{number}", once), recover())
        await asyncio.sleep(0.1)
        old.close()
        new.close()
        return len(effects.read_text().splitlines())

    starts = [await trial(number) for number in range(trials)]
    assert starts == [1] * trials


async def test_whoever_is_killed_while_commands_start_each_is_started_once(
    tmp_path: Path, command: Callable[..., Command]
) -> None:
    count = 12
    script = (
        "import asyncio, sys; from pathlib import Path\n"
        "from opsbook.durable.jobs.jobs import Jobs\n"
        "from opsbook.durable.jobs.model import Command\n"
        "root = Path(sys.argv[1])\n"
        "async def main():\n"
        "    jobs = Jobs(root / 'jobs')\n"
        "    one = lambda n: Command(('sh', '-c', 'echo x >> effects%d; sleep 0.2' % n), root, 9)\n"
        f"    await asyncio.gather(*(jobs.carry_out('j%d' % n, one(n)) for n in range({count})))\n"
        "asyncio.run(main())\n"
    )
    chance = random.Random(11)
    for _ in range(3):
        agent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)])
        try:
            await eventually((tmp_path / "jobs").exists)
            await asyncio.sleep(chance.uniform(0.0, 0.15))
        finally:
            agent.kill()
            agent.wait()
    last = subprocess.run([sys.executable, "-c", script, str(tmp_path)])
    assert last.returncode == 0
    starts = [(tmp_path / f"effects{number}").read_text() for number in range(count)]
    assert starts == ["x\n"] * count


async def test_what_a_dead_wrapper_never_started_is_run(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    place = tmp_path / "jobs" / "j"
    place.mkdir(parents=True)
    gone = {"pid": 2**22 - 1, "start_ticks": 1, "boot_id": "an earlier one"}
    (place / "go").write_text(json.dumps(gone))
    assert (await jobs.carry_out("j", command("echo", "run"))).words == "run"


async def test_a_command_that_lost_its_wrapper_is_waited_for_and_its_end_is_unknown(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    slow = command("sh", "-c", "echo begun >> effects; sleep 0.5; echo ended >> effects")
    running = asyncio.create_task(jobs.carry_out("j", slow))
    await eventually((tmp_path / "effects").exists)
    os.kill(int(str(recorded(tmp_path, "go")["pid"])), signal.SIGKILL)
    outcome = await running
    assert (outcome.ending, outcome.code) == (Ending.UNKNOWN, None)
    assert (tmp_path / "effects").read_text() == "begun\nended\n"
    # Nobody may find out by doing it again.
    assert (await jobs.carry_out("j", slow)).ending is Ending.UNKNOWN
    assert (tmp_path / "effects").read_text() == "begun\nended\n"


async def test_a_command_that_lost_its_wrapper_is_killed_in_its_time(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    mark = f"{tmp_path}/mark"
    endless = command("sh", "-c", "echo > effects; while :; do sleep 1; done", mark, within=1.0)
    running = asyncio.create_task(jobs.carry_out("j", endless))
    await eventually((tmp_path / "effects").exists)
    os.kill(int(str(recorded(tmp_path, "go")["pid"])), signal.SIGKILL)
    assert (await running).ending is Ending.UNKNOWN
    assert living(mark) == []


async def test_a_command_of_an_earlier_boot_is_unknown(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    slow = command("sleep", "30")
    running = asyncio.create_task(jobs.carry_out("j", slow))
    await eventually((tmp_path / "jobs/j/started").exists)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    started = recorded(tmp_path, "started")
    os.kill(int(str(started["pid"])), signal.SIGKILL)
    await eventually((tmp_path / "jobs/j/exit").exists)
    (tmp_path / "jobs/j/exit").unlink()
    wrapper = started["wrapper"]
    assert isinstance(wrapper, dict)
    # The numbers are those of a process that lives, after the machine was started again.
    ours = {"pid": os.getpid(), "start_ticks": wrapper["start_ticks"], "boot_id": "earlier"}
    (tmp_path / "jobs/j/started").write_text(json.dumps({**ours, "wrapper": ours}))
    assert (await jobs.carry_out("j", slow)).ending is Ending.UNKNOWN


@pytest.mark.parametrize(
    "script",
    [
        "sleep 1000; exit",
        "trap '' TERM; while :; do sleep 1; done",
        "(setsid sh -c 'while :; do sleep 1; done' $0 &) ; sleep 1000",
        "trap '' TERM; (trap '' TERM; setsid sh -c 'while :; do sleep 1; done' $0) & wait",
    ],
    ids=["obedient", "stubborn", "detached", "detached and stubborn"],
)
async def test_nothing_of_a_command_that_takes_too_long_lives_on(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path, script: str
) -> None:
    mark = f"{tmp_path}/mark"
    late = command("sh", "-c", script, mark, within=0.4, grace=0.3)
    began = time.monotonic()
    outcome = await jobs.carry_out("j", late)
    assert outcome.ending is Ending.TIMED_OUT
    assert outcome.code is None
    assert living(mark) == []
    assert time.monotonic() - began < 10


async def test_the_time_is_up_also_while_nobody_waits(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    running = asyncio.create_task(jobs.carry_out("j", command("sleep", "100", within=0.5)))
    await eventually((tmp_path / "jobs/j/started").exists)
    running.cancel()
    await eventually((tmp_path / "jobs/j/exit").exists)
    assert recorded(tmp_path, "exit")["state"] == "timed out"


async def test_it_is_stopped_when_that_is_asked_for(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    mark = f"{tmp_path}/mark"
    stop = asyncio.Event()
    endless = command("sh", "-c", "echo > effects; sleep 1000 & wait", mark)
    running = asyncio.create_task(jobs.carry_out("j", endless, stop))
    await eventually((tmp_path / "effects").exists)
    stop.set()
    assert (await running).ending is Ending.STOPPED
    assert living(mark) == []


async def test_what_a_command_leaves_running_goes_on(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    """It is a way to start a server, and its words do not kill it."""
    background = "(sleep 0.5; echo one; echo two; echo survived > effects) & echo begun"
    began = time.monotonic()
    outcome = await jobs.carry_out("j", command("sh", "-c", background))
    assert (outcome.ending, outcome.code, outcome.words) == (Ending.EXITED, 0, "begun")
    assert time.monotonic() - began < 0.5
    await eventually((tmp_path / "effects").exists)
    await eventually(lambda: jobs.output("j").last() == "begun\none\ntwo")


async def test_a_gigabyte_of_output_does_not_fill_the_disk(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    script = "echo first; head -c 1000000000 /dev/zero; echo; echo last"
    outcome = await jobs.carry_out("j", command("sh", "-c", script, within=60, keep=BOUND))
    assert outcome.code == 0
    files = list((tmp_path / "jobs/j").iterdir())
    assert sum(file.stat().st_size for file in files) < BOUND + 10_000
    assert outcome.words.endswith("last")
    output = jobs.output("j")
    assert output.size() == 1_000_000_012
    assert output.read(0, ended=True, most=6).text == "first\n"
    # What was dropped in the middle is told by the numbers.
    assert output.read(500_000_000, ended=True).start > 990_000_000


async def test_the_output_is_followed_as_it_comes(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    script = "echo one; printf tw; sleep 0.4; echo o; touch half; sleep 0.4; printf three"
    running = asyncio.create_task(jobs.carry_out("j", command("sh", "-c", script)))
    await eventually((tmp_path / "jobs/j/started").exists)
    pieces = []
    async for piece in jobs.follow("j"):
        pieces.append(piece.text)
        if piece.text == "one\n":
            assert not (tmp_path / "half").exists()
    await running
    assert pieces == ["one\n", "two\n", "three"]


async def test_a_secret_in_the_output_is_masked(
    jobs: Jobs, command: Callable[..., Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBS_TEST_PRINTED", "printed-secret")
    token = Secret("env:JOBS_TEST_PRINTED").reveal()
    await jobs.carry_out("j", command("echo", "the token is", token))
    assert jobs.output("j").read(0, ended=True).text == "the token is ***\n"


async def test_a_full_disk_holds_no_command_up_and_its_end_is_written_when_there_is_room(
    tmp_path: Path,
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        jobs = Jobs(disk / "jobs")
        script = "echo first; head -c 5000000 /dev/zero; touch ../done; exit 6"
        late = Command(("sh", "-c", script), tmp_path / "disk", 30)
        running = asyncio.create_task(jobs.carry_out("j", late))
        await eventually((tmp_path / "done").exists)
        await asyncio.sleep(0.3)
        assert not running.done()
        for file in (disk / "jobs/j").glob("output.*"):
            if int(file.suffix[1:]):
                file.unlink()
        (disk / "jobs/j/output.00000000000000000000").write_text("first\n")
        outcome = await running
        assert (outcome.ending, outcome.code) == (Ending.EXITED, 6)
        jobs.close()


async def test_its_files_are_private(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    await jobs.carry_out("j", command("sh", "-c", "umask; echo x"))
    place = tmp_path / "jobs" / "j"
    assert place.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in place.iterdir()} == {0o600}


async def test_no_wrapper_is_left_when_all_has_ended(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    for number in range(3):
        await jobs.carry_out(f"j{number}", command("true"))
    mark = str(tmp_path / "jobs")
    await eventually(
        lambda: not [pid for pid in all_pids() if any(mark in word for word in arguments(pid))]
    )


async def test_old_jobs_are_removed_and_running_ones_are_not(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path
) -> None:
    await jobs.carry_out("old", command("true"))
    stop = asyncio.Event()
    running = asyncio.create_task(jobs.carry_out("running", command("sleep", "100"), stop))
    await eventually((tmp_path / "jobs/running/started").exists)
    assert jobs.prune(time.time() - 60) == 0
    assert jobs.prune(time.time() + 60) == 1
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == ["running"]
    with pytest.raises(UnknownRunError, match="there is no job old"):
        jobs.output("old")
    stop.set()
    await running


async def test_the_wrapper_shows_no_secret_of_ours(
    jobs: Jobs, command: Callable[..., Command], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBS_TEST_HIDDEN", "hidden-secret")
    Secret("env:JOBS_TEST_HIDDEN").reveal()
    stop = asyncio.Event()
    running = asyncio.create_task(jobs.carry_out("j", command("sleep", "100"), stop))
    await eventually((tmp_path / "jobs/j/started").exists)
    assert "JOBS_TEST_HIDDEN" not in environment(int(str(recorded(tmp_path, "go")["pid"])))
    stop.set()
    await running
