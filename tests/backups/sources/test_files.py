import io
import os
import subprocess
import tarfile
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from opsbook.backups.source import Facts, SourceError
from tests.backups.sources.contract import Settings, SourceContract
from tests.backups.sources.work import Taken, make_source, make_work, take
from tests.requirement import needs_program

_GIBIBYTE = 1024**3


def make_tree(root: Path) -> Path:
    (root / "inner" / "deep").mkdir(parents=True)
    (root / "inner" / "text").write_text("some text\n" * 1000)
    (root / "inner" / "deep" / "setuid").write_bytes(b"#!")
    (root / "inner" / "deep" / "setuid").chmod(0o4755)
    (root / "locked").mkdir()
    (root / "locked" / "file").touch()
    (root / "locked").chmod(0o555)
    (root / "link").symlink_to("/etc/passwd")
    os.link(root / "inner" / "text", root / "second-name")
    strange = os.fsencode(root) + b"/strange \xff\nname"
    with open(strange, "wb") as file:  # noqa: PTH123 - a name that is no text
        file.write(b"content")
    os.utime(root / "inner" / "text", ns=(1, 1_234_567_890_123_456_789))
    return root


class TestFiles(SourceContract):
    kind = "files"

    @pytest.fixture
    def healthy(self, tmp_path: Path) -> Settings:
        return {"paths": [str(make_tree(tmp_path / "tree"))]}

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Settings:
        return {"paths": [str(tmp_path / "nowhere")]}

    @pytest.fixture
    def fresh(self, tmp_path: Path) -> str:
        return str(tmp_path / "restored")

    @pytest.fixture
    def filled(self, tmp_path: Path) -> str:
        (tmp_path / "filled").mkdir()
        (tmp_path / "filled" / "file").touch()
        return str(tmp_path / "filled")

    @pytest.fixture
    def came_back(self, healthy: Settings, taken: Taken, tmp_path: Path, fresh: str) -> Path:
        source = make_source(self.kind, healthy)
        source.restore(taken.files, taken.facts, fresh, make_work(tmp_path / "scratch"))
        return Path(fresh + str(tmp_path / "tree"))

    def test_modes_and_times_come_back(self, came_back: Path) -> None:
        assert (came_back / "inner/deep/setuid").stat().st_mode & 0o7777 == 0o4755
        assert (came_back / "inner/text").stat().st_mtime_ns == 1_234_567_890_123_456_789
        assert (came_back / "locked").stat().st_mode & 0o7777 == 0o555

    def test_links_come_back_as_links(self, came_back: Path) -> None:
        assert (came_back / "link").readlink() == Path("/etc/passwd")
        assert (came_back / "second-name").samefile(came_back / "inner/text")

    def test_names_of_any_bytes_come_back(self, came_back: Path) -> None:
        assert b"strange \xff\nname" in os.listdir(os.fsencode(came_back))  # noqa: PTH208 - bytes

    def test_gnu_tar_unpacks_it(self, taken: Taken, came_back: Path, tmp_path: Path) -> None:
        place = tmp_path / "by-tar"
        place.mkdir()
        argv = [needs_program("tar"), "-x", "-C", str(place)]
        subprocess.run(argv, input=taken.content["files.tar"], check=True, capture_output=True)
        ours = str(came_back).removesuffix(str(tmp_path / "tree"))
        assert subprocess.run(["diff", "-r", "--no-dereference", str(place), ours]).returncode == 0

    def test_a_file_that_came_back_different_is_named(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        changed = taken.content["files.tar"].replace(b"some text\n", b"some_text\n", 1)
        files = Taken(taken.facts, {**taken.content, "files.tar": changed}).files
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        with (
            pytest.raises(SourceError, match=r"came back different.*inner/text"),
            source.rehearse(files, taken.facts, work),
        ):
            pass

    def test_what_is_excluded_is_not_kept(self, healthy: Settings, tmp_path: Path) -> None:
        settings = {**healthy, "exclude": ["deep", "*-name", "/strange*"]}
        taken = take(make_source(self.kind, settings), make_work(tmp_path / "scratch"))
        assert b"setuid" not in taken.content["files.jsonl"]
        assert b"second-name" not in taken.content["files.jsonl"]
        assert b"strange" not in taken.content["files.jsonl"]

    def test_a_pipe_is_skipped_and_said(self, healthy: Settings, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "tree" / "pipe")
        taken = take(make_source(self.kind, healthy), make_work(tmp_path / "scratch"))
        assert any("skipped, for it is a pipe" in remark for remark in taken.facts.remarks)

    def test_a_file_that_changes_is_said(self, healthy: Settings, tmp_path: Path) -> None:
        busy = tmp_path / "tree" / "inner" / "busy"
        busy.write_bytes(bytes(range(256)) * 40_000)
        done = threading.Event()

        def write() -> None:
            with busy.open("ab") as file:
                while not done.is_set():
                    file.write(b"more")
                    file.flush()

        thread = threading.Thread(target=write)
        thread.start()
        try:
            taken = take(make_source(self.kind, healthy), make_work(tmp_path / "scratch"))
        finally:
            done.set()
            thread.join()
        assert any("changed while it was read" in remark for remark in taken.facts.remarks)
        with make_source(self.kind, healthy).rehearse(
            taken.files, taken.facts, make_work(tmp_path / "scratch")
        ) as restored:
            assert restored.counts == taken.facts.counts

    def test_a_path_below_another_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(ValidationError, match="name it once"):
            make_source(self.kind, {"paths": [str(tmp_path), str(tmp_path / "below")]})


def test_a_sparse_file_of_5_gb_is_kept_and_comes_back_sparse(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    with (tree / "sparse").open("wb") as file:
        file.seek(_GIBIBYTE)
        file.write(b"in the middle")
        file.truncate(5 * _GIBIBYTE)
    source, work = make_source("files", {"paths": [str(tree)]}), make_work(tmp_path / "scratch")
    taken = take(source, work)
    assert len(taken.content["files.tar"]) < 100_000
    for name, opened in taken.files.items():
        source.readable(name, opened(), work)
    source.restore(taken.files, taken.facts, str(tmp_path / "new"), work)
    status = Path(f"{tmp_path / 'new'}{tree}/sparse").stat()
    assert status.st_size == 5 * _GIBIBYTE
    assert status.st_blocks * 512 < 1_000_000


def test_ten_thousand_small_files_come_back(tmp_path: Path) -> None:
    for number in range(10_000):
        place = tmp_path / "tree" / str(number % 100)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"file-{number}").write_bytes(b"%d" % number)
    source = make_source("files", {"paths": [str(tmp_path / "tree")]})
    taken = take(source, work := make_work(tmp_path / "scratch"))
    assert taken.facts.counts["files"] == 10_000
    with source.rehearse(taken.files, taken.facts, work) as restored:
        assert restored.schema == taken.facts.schema


@pytest.mark.parametrize("name", ["../outside", "/outside", "link/outside", "a/../../outside"])
def test_nothing_is_unpacked_outside(tmp_path: Path, name: str) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        tar.addfile(link)
        evil = tarfile.TarInfo(name)
        evil.size = 4
        tar.addfile(evil, io.BytesIO(b"evil"))
    taken = Taken(Facts(), {"files.tar": archive.getvalue(), "files.jsonl": b""})
    source = make_source("files", {"paths": [str(tmp_path / "tree")]})
    with pytest.raises(SourceError):
        source.restore(taken.files, taken.facts, str(tmp_path / "new"), make_work(tmp_path / "s"))
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "new").exists()
