"""The `file` kind against real files, links and directories."""

import asyncio
import grp
import os
import pwd
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.aside import Aside
from opsbook.probes.model import State
from tests.probes.checks import look, make_check
from tests.probes.kinds.contract import ProbeContract, Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "backup.sql.gz"
    file.write_bytes(b"x" * 1000)
    file.chmod(0o640)
    return file


def write(file: Path, age: float) -> None:
    file.write_bytes(b"")
    then = time.time() - age
    os.utime(file, (then, then))


class TestFile(ProbeContract):
    kind: ClassVar[str] = "file"

    @pytest.fixture
    async def healthy(self, file: Path) -> Settings:
        return {"path": str(file)}

    @pytest.fixture
    async def broken(self, tmp_path: Path) -> Settings:
        return {"path": str(tmp_path / "none")}

    async def test_a_file_is_measured(self, file: Path) -> None:
        measured = (await look("file", {"path": str(file)})).measurements
        assert 0 <= float(measured.pop("age_seconds")) < 60
        assert measured == {
            "count": 1,
            "size_bytes": 1000,
            "mode": "0640",
            "mode_excess": "0000",
            "owner": pwd.getpwuid(os.getuid()).pw_name,
            "group": grp.getgrgid(file.stat().st_gid).gr_name,
            "kind": "file",
        }

    @pytest.mark.parametrize("name", ["none", "dangling", "backup.sql.gz/below", "none/below"])
    async def test_what_is_not_there_is_missing_and_not_of_age_zero(
        self, name: str, file: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "dangling").symlink_to("none")
        outcome = await look(
            "file", {"path": str(tmp_path / name)}, conditions={"age_seconds": {"at_most": "1d"}}
        )
        assert outcome.state is State.DOWN
        assert outcome.message == f"{tmp_path / name} is MISSING"
        assert outcome.measurements == {"count": 0}

    async def test_a_link_counts_as_what_it_leads_to(self, file: Path, tmp_path: Path) -> None:
        (tmp_path / "current").symlink_to(file)
        measured = (await look("file", {"path": str(tmp_path / "current")})).measurements
        assert (measured["kind"], measured["size_bytes"]) == ("file", 1000)

    async def test_a_directory_is_not_a_file(self, tmp_path: Path) -> None:
        outcome = await look(
            "file", {"path": str(tmp_path)}, conditions={"kind": {"equals": "file"}}
        )
        assert outcome.state is State.DOWN

    async def test_age_is_the_time_since_the_change(self, tmp_path: Path) -> None:
        write(tmp_path / "old", age=90_000)
        outcome = await look(
            "file", {"path": str(tmp_path / "old")}, conditions={"age_seconds": {"at_most": "1d"}}
        )
        assert outcome.state is State.DOWN
        assert outcome.measurements["age_seconds"] == pytest.approx(90_000, abs=60)

    async def test_a_change_in_the_future_is_of_no_known_age(self, tmp_path: Path) -> None:
        write(tmp_path / "early", age=-3600)
        outcome = await look(
            "file", {"path": str(tmp_path / "early")}, conditions={"age_seconds": {"at_most": "1d"}}
        )
        assert outcome.state is State.UNKNOWN
        assert "age_seconds" not in outcome.measurements

    @pytest.mark.parametrize(
        ("mode", "allowed", "excess"),
        [
            (0o600, "0644", "0000"),
            (0o644, "0644", "0000"),
            (0o640, 600, "0040"),
            (0o664, "0644", "0020"),
            (0o777, "0600", "0177"),
            (0o4755, "0755", "4000"),
        ],
    )
    async def test_more_than_the_allowed_mode_is_a_breach_and_less_is_not(
        self, mode: int, allowed: str | int, excess: str, file: Path
    ) -> None:
        file.chmod(mode)
        outcome = await look("file", {"path": str(file), "at_most_mode": allowed})
        assert outcome.measurements["mode_excess"] == excess
        assert outcome.state is (State.UP if excess == "0000" else State.DOWN)

    @pytest.mark.parametrize("wrong", ["0689", "rw-r--r--", "64", "00644", 6440000, True, 0.5])
    def test_a_mode_that_is_none_is_refused(self, wrong: object) -> None:
        with pytest.raises(ValidationError, match="not a file mode"):
            make_check("file", {"path": "/x", "at_most_mode": wrong})

    async def test_the_newest_of_several_is_looked_at(self, tmp_path: Path) -> None:
        for name, age in (("b-1.gz", 300), ("b-2.gz", 100), ("b-3.gz", 200), ("other", 1)):
            write(tmp_path / name, age)
        (tmp_path / "b-4.gz").symlink_to("none")
        write(tmp_path / ".b-5.gz", 1)
        outcome = await look("file", {"path": str(tmp_path / "*.gz"), "newest": True})
        assert outcome.measurements["newest"] == str(tmp_path / "b-2.gz")
        assert outcome.measurements["count"] == 3
        assert outcome.measurements["age_seconds"] == pytest.approx(100, abs=60)

    async def test_none_that_matches_is_missing(self, tmp_path: Path) -> None:
        outcome = await look("file", {"path": str(tmp_path / "*.gz"), "newest": True})
        assert outcome.state is State.DOWN
        assert "*.gz is MISSING" in outcome.message

    @pytest.mark.parametrize("name", ["backup.sql.gz", "*.gz"])
    async def test_what_may_not_be_seen_is_unknown_and_not_missing(
        self, name: str, file: Path, tmp_path: Path, as_an_ordinary_user: None
    ) -> None:
        outcome = await look("file", {"path": str(tmp_path / name), "newest": "*" in name})
        assert outcome.state is State.UNKNOWN
        assert "Permission denied" in outcome.message

    @pytest.mark.parametrize(
        ("settings", "problem"),
        [
            ({"path": "/var/*/x", "newest": True}, "for the file name only"),
            ({"path": "/var/x-*"}, "add `newest: true`"),
        ],
    )
    def test_wildcards_that_would_not_work_are_refused(
        self, settings: Settings, problem: str
    ) -> None:
        with pytest.raises(ValidationError, match=problem):
            make_check("file", settings)

    async def test_a_file_server_that_hangs_holds_one_thread_and_no_look(self) -> None:
        answer, aside = threading.Event(), Aside()
        before = set(threading.enumerate())
        for _ in range(5):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await aside.run(answer.wait)
        assert len(set(threading.enumerate()) - before) == 1
        answer.set()
        assert await aside.run(lambda: "answers again") == "answers again"


@pytest.fixture
def as_an_ordinary_user(tmp_path: Path) -> Iterator[None]:
    """Nobody may enter the directory, and where the tests run as root, they step down."""
    us = os.geteuid()
    tmp_path.chmod(0)
    if us == 0:
        os.seteuid(65534)
    yield
    os.seteuid(us)
    tmp_path.chmod(0o700)
