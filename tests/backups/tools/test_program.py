import itertools
import sys
import threading
import time
from pathlib import Path

import pytest

from opsbook.backups.source import SourceError
from opsbook.backups.tools.program import Program
from tests.backups.sources.work import make_work


def test_output_comes_whole(tmp_path: Path) -> None:
    program = Program(["head", "-c", "3000000", "/dev/zero"], "here")
    assert sum(map(len, program.reading(make_work(tmp_path)))) == 3_000_000


def test_input_is_taken_whole(tmp_path: Path) -> None:
    place = tmp_path / "copy"
    program = Program(["sh", "-c", f"cat > {place}"], "here")
    program.fed((bytes(70_000) for _ in range(30)), make_work(tmp_path / "scratch"))
    assert place.stat().st_size == 2_100_000


def test_a_program_that_does_not_read_all_is_an_error(tmp_path: Path) -> None:
    program = Program(["head", "-c", "10"], "here")
    with pytest.raises(SourceError, match="head ended before it had read all"):
        program.fed(itertools.repeat(bytes(100_000), 100), make_work(tmp_path))


def test_the_end_of_what_it_said_is_told(tmp_path: Path) -> None:
    script = "import sys; sys.stderr.write('x' * 100_000 + 'the end'); sys.exit(7)"
    program = Program([sys.executable, "-c", script], "here")
    with pytest.raises(SourceError, match=r"here: .* ended with status 7: x+the end$") as raised:
        program.run(make_work(tmp_path))
    assert len(str(raised.value)) < 10_000


def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot run /no/such: No such file"):
        Program(["/no/such"], "here").run(make_work(tmp_path))


def test_a_silent_program_is_ended_when_the_work_is_stopped(tmp_path: Path) -> None:
    work = make_work(tmp_path)
    threading.Timer(0.2, work.stopping.set).start()
    started = time.monotonic()
    with pytest.raises(SourceError, match="stopped"):
        Program(["sleep", "600"], "here").run(work)
    assert time.monotonic() - started < 5


def test_a_program_that_takes_nothing_is_ended_at_the_deadline(tmp_path: Path) -> None:
    work = make_work(tmp_path, seconds=0.5)
    with pytest.raises(SourceError, match="not done within"):
        Program(["sleep", "600"], "here").fed(itertools.repeat(bytes(100_000), 100), work)


def test_its_children_end_with_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    script = f"sleep 600 & echo $! > {pid_file}; wait"
    work = make_work(tmp_path / "scratch", seconds=0.5)
    with pytest.raises(SourceError):
        Program(["sh", "-c", script], "here").run(work)
    deadline = time.monotonic() + 5
    while Path(f"/proc/{int(pid_file.read_text())}").exists():
        # Reaped by whoever adopted it; a zombie has no command line.
        if not Path(f"/proc/{int(pid_file.read_text())}/cmdline").read_bytes():
            break
        assert time.monotonic() < deadline
        time.sleep(0.02)
