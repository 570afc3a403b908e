import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from opsbook.backups.source import SourceError
from opsbook.backups.tools.throwaway import sweep_throwaways, throwaway
from tests.backups.sources.work import make_work

_DYING = """
import subprocess, sys
from pathlib import Path
from opsbook.backups.tools.throwaway import throwaway
with throwaway("test", Path(sys.argv[1])) as place:
    server = subprocess.Popen(["sleep", "600"], cwd=place.path, start_new_session=True)
    print(server.pid, flush=True)
    sys.stdin.read()
"""


def test_a_place_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with throwaway("test", tmp_path) as place:
        assert place.path.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_a_server_ends_with_its_place(tmp_path: Path) -> None:
    work = make_work(tmp_path / "scratch")
    with (
        throwaway("test", tmp_path) as place,
        place.serving(["sleep", "600"], lambda: True, work, "here"),
    ):
        assert place.path.exists()
    assert not place.path.exists()


def test_a_server_that_does_not_come_up_is_told_with_its_words(tmp_path: Path) -> None:
    work = make_work(tmp_path / "scratch")
    argv = ["sh", "-c", "echo no luck; exit 1"]
    with (
        throwaway("test", tmp_path) as place,
        pytest.raises(SourceError, match="did not start: no luck"),
        place.serving(argv, lambda: False, work, "here"),
    ):
        pass


def test_what_a_killed_process_left_is_swept_with_what_runs_there(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", _DYING, str(tmp_path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        server = int(process.stdout.readline())
        assert sweep_throwaways("test", tmp_path) == []
        process.kill()
    (left,) = tmp_path.iterdir()
    assert sweep_throwaways("test", tmp_path) == [str(left)]
    assert list(tmp_path.iterdir()) == []
    assert not Path(f"/proc/{server}/cwd").exists()


def test_what_is_not_a_place_of_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "opsbook-rehearsal-test-of-somebody").mkdir()
    outside = Path(tempfile.mkdtemp(dir=tmp_path))
    (tmp_path / "opsbook-rehearsal-test-00000000-1-1-abcdef").symlink_to(outside)
    assert sweep_throwaways("test", tmp_path) == []
    assert outside.exists()
