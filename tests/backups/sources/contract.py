"""What every source must keep. A kind's test inherits this and gives what is backed up."""

import dataclasses
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.backups.source import Facts, SourceError, source_kinds
from opsbook.core.procfs import all_pids, arguments, environment
from tests.backups.sources.work import Taken, make_source, make_work, take

Settings = Mapping[str, Any]


def children() -> set[int]:
    mine = Path(f"/proc/{os.getpid()}/task")
    found: set[int] = set()
    for task in mine.iterdir():
        try:
            found |= {int(pid) for pid in (task / "children").read_text().split()}
        except OSError:
            continue
    return found


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class SourceContract:
    """Give `kind` and the fixtures below."""

    kind: ClassVar[str]
    secret: ClassVar[str | None] = None
    """What must not be seen anywhere."""
    finds_cuts: ClassVar[bool] = True
    """Whether the kind's own reader sees that a file was cut off."""

    @pytest.fixture
    def healthy(self) -> Settings:
        """Settings of something real that holds something."""
        raise NotImplementedError

    @pytest.fixture
    def broken(self) -> Settings:
        """Settings of something that is not there, or does not work."""
        raise NotImplementedError

    @pytest.fixture
    def fresh(self) -> str:
        """A target to restore into that is not there, or empty."""
        raise NotImplementedError

    @pytest.fixture
    def filled(self) -> str:
        """A target that is in use."""
        raise NotImplementedError

    @pytest.fixture
    def taken(self, healthy: Settings, tmp_path: Path) -> Taken:
        return take(make_source(self.kind, healthy), make_work(tmp_path / "taking"))

    def test_what_was_read_once_is_described(self, taken: Taken) -> None:
        assert all(taken.content.values())
        json.dumps(dataclasses.asdict(taken.facts))

    def test_nothing_is_left_of_a_backup(self, healthy: Settings, tmp_path: Path) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        take(source, work)
        files, before = open_files(), children()
        take(source, work)
        assert list(work.scratch.iterdir()) == []
        assert children() <= before
        assert open_files() <= files + 1

    def test_nothing_is_left_of_a_backup_that_was_left(
        self, healthy: Settings, tmp_path: Path
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        before = children()
        with source.parts(work, Facts()) as parts:
            blocks = iter(next(parts).read())
            next(blocks)
            blocks.close()  # type: ignore[attr-defined]
        assert list(work.scratch.iterdir()) == []
        assert children() <= before

    def test_what_is_broken_is_an_error_that_names_it(
        self, broken: Settings, tmp_path: Path
    ) -> None:
        source = make_source(self.kind, broken)
        with pytest.raises(SourceError) as raised:
            take(source, make_work(tmp_path / "scratch"))
        assert source.subject.split("/")[-1] in str(raised.value)

    def test_work_that_was_stopped_ends_at_once(self, healthy: Settings, tmp_path: Path) -> None:
        work = make_work(tmp_path / "scratch")
        work.stopping.set()
        started = time.monotonic()
        with pytest.raises(SourceError, match="stopped"):
            take(make_source(self.kind, healthy), work)
        assert time.monotonic() - started < 10

    def test_work_ends_with_its_time(self, healthy: Settings, tmp_path: Path) -> None:
        work = make_work(tmp_path / "scratch", seconds=0)
        with pytest.raises(SourceError, match="not done within"):
            take(make_source(self.kind, healthy), work)

    def test_its_files_can_be_read_to_their_end(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        for name, open_file in taken.files.items():
            source.readable(name, open_file(), work)
        assert list(work.scratch.iterdir()) == []

    @pytest.mark.parametrize("kept", [0.0, 0.4, 0.999999])
    def test_a_file_that_was_cut_off_is_found(
        self, healthy: Settings, taken: Taken, tmp_path: Path, kept: float
    ) -> None:
        if not self.finds_cuts:
            pytest.skip("any bytes will do for this kind")
        name, content = next(iter(taken.content.items()))
        cut = io.BytesIO(content[: int(len(content) * kept)])
        source = make_source(self.kind, healthy)
        with pytest.raises(SourceError):
            source.readable(name, cut, make_work(tmp_path / "scratch"))

    def test_a_rehearsal_brings_back_what_was_there(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        before = children()
        with source.rehearse(taken.files, taken.facts, work) as restored:
            assert restored.counts == taken.facts.counts
            assert restored.schema == taken.facts.schema
        assert list(work.scratch.iterdir()) == []
        assert children() <= before

    def test_a_rehearsal_whose_block_fails_leaves_nothing(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        with (
            pytest.raises(KeyError),
            source.rehearse(taken.files, taken.facts, work),
        ):
            raise KeyError
        assert list(work.scratch.iterdir()) == []

    def test_a_rehearsal_without_files_is_an_error(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        with pytest.raises(SourceError, match="has no"), source.rehearse({}, taken.facts, work):
            pass
        assert list(work.scratch.iterdir()) == []

    def test_it_restores_into_a_fresh_target(
        self, healthy: Settings, taken: Taken, tmp_path: Path, fresh: str
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        assert source.restore(taken.files, taken.facts, fresh, work)
        assert list(work.scratch.iterdir()) == []

    def test_it_refuses_a_filled_target(
        self, healthy: Settings, taken: Taken, tmp_path: Path, filled: str
    ) -> None:
        source = make_source(self.kind, healthy)
        with pytest.raises(SourceError, match="not restored"):
            source.restore(taken.files, taken.facts, filled, make_work(tmp_path / "scratch"))

    def test_its_secret_is_shown_nowhere(
        self, healthy: Settings, broken: Settings, tmp_path: Path
    ) -> None:
        if self.secret is None:
            pytest.skip("this kind has no secret")
        seen: list[int] = []
        done = threading.Event()
        watcher = threading.Thread(target=_watch, args=(self.secret, seen, done))
        watcher.start()
        try:
            taken = take(make_source(self.kind, healthy), make_work(tmp_path / "scratch"))
        finally:
            done.set()
            watcher.join()
        with pytest.raises(SourceError) as raised:
            take(make_source(self.kind, broken), make_work(tmp_path / "scratch"))
        assert not seen
        told = [str(raised.value), repr(taken.facts), make_source(self.kind, healthy).subject]
        assert not any(self.secret in text for text in told)

    def test_an_unknown_key_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="extra_forbidden"):
            source_kinds.load(self.kind).model_validate({"no-such-key": 1})

    def test_its_docstring_is_its_reference(self) -> None:
        assert source_kinds.load(self.kind).__doc__


def _watch(secret: str, seen: list[int], done: threading.Event) -> None:
    """Look at what every program that we start shows of itself."""
    mine = os.getpid()
    while not done.is_set():
        for pid in all_pids():
            if pid == mine or pid not in children():
                continue
            shown = [*arguments(pid), *environment(pid).values()]
            if any(secret in text for text in shown):
                seen.append(pid)


class ThrowawayContract:
    """For kinds whose rehearsals need a place outside the scratch directory."""

    kind: ClassVar[str]

    def remains(self, settings: Settings) -> list[str]:
        """What of such places there is now."""
        raise NotImplementedError

    def test_a_rehearsal_that_was_killed_is_swept(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        directory = tmp_path / "files"
        directory.mkdir()
        for name, content in taken.content.items():
            (directory / name).write_bytes(content)
        facts = dataclasses.asdict(taken.facts)
        (tmp_path / "facts.json").write_text(json.dumps(facts))
        argv = [sys.executable, "-m", "tests.backups.sources.rehearsing", self.kind]
        with subprocess.Popen(
            [*argv, json.dumps(dict(healthy)), str(directory)],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            inside = process.stdout.readline()
            process.kill()
        assert inside, "it did not come as far as a rehearsal"
        assert self.remains(healthy)
        source = make_source(self.kind, healthy)
        assert source.sweep()
        assert self.remains(healthy) == []
        assert source.sweep() == []

    def test_a_rehearsal_that_runs_is_not_swept(
        self, healthy: Settings, taken: Taken, tmp_path: Path
    ) -> None:
        source, work = make_source(self.kind, healthy), make_work(tmp_path / "scratch")
        with source.rehearse(taken.files, taken.facts, work) as restored:
            assert source.sweep() == []
            assert restored.counts == taken.facts.counts
        assert self.remains(healthy) == []
