"""The `local` kind on real directories and disks."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from opsbook.backups.destination import Destination, DestinationError
from tests.backups.destinations.contract import (
    NAME,
    DestinationContract,
    Settings,
    content_of,
    destination,
    keep,
    listed,
    noise,
)
from tests.servers.disk import small_disk

_WRITES_UNTIL_KILLED = """
import sys, time
from opsbook.backups.destinations.local import Local
place = Local.model_validate({"directory": sys.argv[1], "minimum_free": 0})
place.bind("shop")
upload = place.upload(sys.argv[2])
upload.write(b"half" * 1000)
print("written", flush=True)
time.sleep(60)
"""


@contextmanager
def writer(directory: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of an upload."""
    argv = [sys.executable, "-c", _WRITES_UNTIL_KILLED, str(directory), NAME]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "written\n"
            yield process
        finally:
            process.kill()


@contextmanager
def as_nobody() -> Iterator[None]:
    """Permissions mean nothing to root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


class TestLocal(DestinationContract):
    kind: ClassVar[str] = "local"

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Settings:
        return {"directory": str(tmp_path / "backups"), "minimum_free": 0}

    @pytest.fixture
    def missing(self, tmp_path: Path) -> Settings:
        (tmp_path / "file").write_text("in the way")
        return {"directory": str(tmp_path / "file"), "minimum_free": 0}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def place(directory: Path) -> Destination:
    return destination("local", {"directory": str(directory), "minimum_free": 0})


def test_files_are_private(place: Destination, directory: Path) -> None:
    keep(place, NAME, b"content")
    modes = {path.stat().st_mode & 0o777 for path in directory.rglob("*") if path.is_file()}
    folders = {path.stat().st_mode & 0o777 for path in [directory, *directory.rglob("*/")]}
    assert (modes, folders) == ({0o600}, {0o700})


def test_folders_that_were_left_are_removed(place: Destination, directory: Path) -> None:
    keep(place, NAME, b"content")
    place.delete(NAME)
    assert not (directory / "orders").exists()


def test_a_directory_with_other_things_is_refused(place: Destination, directory: Path) -> None:
    directory.mkdir()
    (directory / "thesis.txt").write_text("mine")
    for ask in (lambda: keep(place, NAME, b""), lambda: listed(place), lambda: place.sweep(0)):
        with pytest.raises(DestinationError, match="holds other things; name an empty directory"):
            ask()


def test_another_platforms_directory_is_refused(place: Destination, directory: Path) -> None:
    keep(place, NAME, b"content")
    other = destination("local", {"directory": str(directory)}, platform="shop-test")
    with pytest.raises(DestinationError, match="of the platform 'shop', not 'shop-test'"):
        other.delete(NAME)


def test_a_fresh_disk_is_taken(place: Destination, directory: Path) -> None:
    (directory / "lost+found").mkdir(parents=True)
    keep(place, NAME, b"content")
    assert listed(place) == [NAME]


def test_a_directory_replaced_by_a_link_is_refused(place: Destination, directory: Path) -> None:
    keep(place, NAME, b"content")
    moved = directory.rename(directory.with_name("elsewhere"))
    directory.symlink_to(moved)
    with pytest.raises(DestinationError, match="symbolic link; name the directory itself"):
        keep(place, NAME, b"changed")
    assert (moved / NAME).read_bytes() == b"content"


def test_a_link_inside_is_not_followed(place: Destination, directory: Path, tmp_path: Path) -> None:
    keep(place, NAME, b"content")
    shutil.move(directory / "orders", tmp_path / "outside")
    (directory / "orders").symlink_to(tmp_path / "outside")
    assert listed(place) == []
    asks: list[Callable[[], None]] = [
        lambda: keep(place, NAME, b"changed"),
        lambda: place.delete(NAME),
    ]
    for ask in asks:
        with pytest.raises(DestinationError, match="symbolic link"):
            ask()
    assert (tmp_path / "outside/20261121-023000/dump.zst.age").read_bytes() == b"content"


def test_a_directory_moved_away_during_the_upload_is_no_success(
    place: Destination, directory: Path
) -> None:
    upload = place.upload(NAME)
    upload.write(b"content")
    directory.rename(directory.with_name("elsewhere"))
    directory.mkdir()
    with pytest.raises(DestinationError, match="was replaced while"):
        upload.commit()


def test_a_full_disk_fails_and_keeps_the_good_ones(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        place = destination("local", {"directory": str(disk), "minimum_free": 0})
        keep(place, "orders/1/dump", noise(500_000))
        with pytest.raises(DestinationError) as caught:
            keep(place, "orders/2/dump", noise(3_000_000), block=4096)
        assert str(disk) in str(caught.value)
        assert "free some room there" in str(caught.value)
        assert listed(place) == ["orders/1/dump"]
        keep(place, "orders/3/dump", noise(800_000))


def test_room_that_must_remain_is_left(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        place = destination("local", {"directory": str(disk), "minimum_free": "1 MB"})
        with pytest.raises(DestinationError, match=r"1,000,000 must remain \(`minimum_free`\)"):
            keep(place, NAME, noise(1_500_000), block=4096)
        assert shutil.disk_usage(disk).free >= 1_000_000


def test_a_disk_that_is_read_only_is_told(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        place = destination("local", {"directory": str(disk), "minimum_free": 0})
        keep(place, NAME, b"content")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        asks: list[Callable[[], None]] = [
            lambda: keep(place, NAME, b"changed"),
            lambda: place.delete(NAME),
        ]
        for ask in asks:
            with pytest.raises(DestinationError, match="Read-only file system; mount it"):
                ask()
        assert content_of(place, NAME) == b"content"


def test_a_directory_of_somebody_else_is_told(place: Destination, directory: Path) -> None:
    keep(place, NAME, b"content")
    if os.geteuid() != 0:
        directory.chmod(0)
    with as_nobody(), pytest.raises(DestinationError, match="Permission denied; let the user"):
        listed(place)
    directory.chmod(0o700)


def test_a_killed_upload_leaves_nothing_listed_and_is_swept(
    place: Destination, directory: Path
) -> None:
    with writer(directory) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert listed(place) == []
    assert place.sweep(3600) == 0
    assert place.sweep(0) == 1
    assert place.sweep(0) == 0


def test_an_upload_of_a_living_process_is_not_swept(place: Destination, directory: Path) -> None:
    with writer(directory):
        assert place.sweep(0) == 0


def test_another_files_name_among_the_uploads_is_left(place: Destination, directory: Path) -> None:
    keep(place, NAME, b"content")
    stranger = directory / ".opsbook-uploads/notes"
    stranger.write_text("mine")
    assert place.sweep(0) == 0
    assert stranger.exists()


def test_keeping_where_another_thread_empties_the_folder_works(place: Destination) -> None:
    def churn(name: str) -> None:
        for _ in range(200):
            keep(place, name, b"content")
            place.delete(name)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(churn, ["orders/1/dump", "orders/1/globals"]))
    assert listed(place) == []
