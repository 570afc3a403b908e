import io
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsbook.backups.source import SourceError
from opsbook.backups.tools.flow import blocks, file_blocks, spool
from tests.backups.sources.work import make_work


@pytest.fixture
def small_files() -> Iterator[None]:
    """As on a full disk: the kernel writes no more than 100,000 bytes to a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_file_is_written_for_this_user_alone(tmp_path: Path) -> None:
    spool(io.BytesIO(b"content"), tmp_path / "file", make_work(tmp_path), "here")
    assert (tmp_path / "file").read_bytes() == b"content"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(SourceError, match=r"here: cannot make .*file: File exists"):
        spool(io.BytesIO(b"content"), tmp_path / "file", make_work(tmp_path), "here")
    assert (tmp_path / "file").read_text() == "precious"


def test_a_file_that_does_not_fit_is_removed(tmp_path: Path, small_files: None) -> None:
    with pytest.raises(SourceError, match="cannot write"):
        spool(io.BytesIO(bytes(1_000_000)), tmp_path / "file", make_work(tmp_path), "here")
    assert not (tmp_path / "file").exists()


def test_a_stream_that_fails_leaves_no_file(tmp_path: Path) -> None:
    class Failing(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise KeyError(size)

    with pytest.raises(KeyError):
        spool(Failing(), tmp_path / "file", make_work(tmp_path), "here")  # type: ignore[arg-type]
    assert not (tmp_path / "file").exists()


def test_a_stream_ends_with_the_work(tmp_path: Path) -> None:
    work = make_work(tmp_path)
    read = blocks(io.BytesIO(bytes(5_000_000)), work, "here")
    next(read)
    work.stopping.set()
    with pytest.raises(SourceError, match="here: stopped"):
        next(read)


def test_progress_is_told_in_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(3_000_000))
    told: list[tuple[str, int, int | None]] = []
    work = make_work(tmp_path)
    work.progress = lambda *words: told.append(words)
    assert sum(map(len, file_blocks(tmp_path / "file", work, "here"))) == 3_000_000
    assert told[-1] == ("reading file", 3_000_000, 3_000_000)
