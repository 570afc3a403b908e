"""The data directory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from opsbook.core.errors import BadInputError
from opsbook.state.datadir import DataDir

HOLD = """
import sys, time
from pathlib import Path
from opsbook.state.datadir import DataDir
data = DataDir(Path(sys.argv[1]))
data.open("example")
data.announce("http://127.0.0.1:1")
print("open", flush=True)
time.sleep(60)
"""


def test_it_is_private(tmp_path: Path) -> None:
    data = DataDir(tmp_path / "data")
    data.open("example")
    data.announce("http://127.0.0.1:7070")
    for entry in [data.path, *data.path.rglob("*")]:
        assert entry.stat().st_mode & 0o077 == 0, entry
    data.close()


def test_it_is_of_one_process_at_a_time_and_free_after_kill_9(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(BadInputError, match="another opsbook runs"):
            data.open("example")
        assert data.address() == "http://127.0.0.1:1"
    finally:
        holder.kill()
        holder.communicate()
    assert data.address() is None
    data.open("example")
    data.close()


def test_a_child_does_not_keep_the_lock(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.open("example")
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    data.close()
    assert not data.in_use()
    child.communicate(b"\n")


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"format": 99, "platform": "example"}, "install the newer opsbook"),
        ({"format": 1, "platform": "other"}, "belongs to platform 'other'"),
    ],
)
def test_what_is_not_ours_is_left_alone(
    tmp_path: Path, known: dict[str, object], said: str
) -> None:
    (tmp_path / "format.json").write_text(json.dumps(known))
    with pytest.raises(BadInputError, match=said):
        DataDir(tmp_path).open("example")
    assert not DataDir(tmp_path).in_use()


def test_a_place_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInputError, match="give another with --data"):
        DataDir(tmp_path / "file").open("example")


def test_its_place_is_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("OPSBOOK_DATA", raising=False)
    assert DataDir.default() == tmp_path / "opsbook"
    monkeypatch.setenv("OPSBOOK_DATA", str(tmp_path / "here"))
    assert DataDir.default() == Path(os.environ["OPSBOOK_DATA"])
