"""The `restic` kind with a real restic and repository."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import psutil  # type: ignore[import-untyped]
import pytest
from pydantic import ValidationError

from opsbook.backups.destination import Destination, DestinationError
from opsbook.backups.destinations.restic import Restic
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
from tests.requirement import needs_program

_PASSWORD = "restic-s3cret-pass"
_WRITES_UNTIL_KILLED = """
import json, sys, time
from opsbook.backups.destinations.restic import Restic
place = Restic.model_validate(json.loads(sys.argv[1]))
place.bind("shop")
upload = place.upload("orders/1/dump")
upload.write(b"half" * 1000)
print("written", flush=True)
time.sleep(60)
"""


@pytest.fixture
def settings(fresh: Path, tmp_path: Path) -> Settings:
    return settings_of(fresh, tmp_path)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty repository to be copied: to make one takes restic a second."""
    repository = tmp_path_factory.mktemp("restic") / "repository"
    restic(repository, "init")
    return repository


def settings_of(fresh: Path, directory: Path) -> Mapping[str, Any]:
    password = directory / "password"
    password.write_text(_PASSWORD)
    repository = directory / "repository"
    shutil.copytree(fresh, repository)
    return {
        "repository": str(repository),
        "password": f"file:{password}",
        "environment": {"RESTIC_CACHE_DIR": str(directory / "cache")},
        "within": "60s",
    }


def restic(repository: Path, *words: str, content: bytes = b"") -> bytes:
    argv = [needs_program("restic"), "--repo", str(repository), "--no-cache", *words]
    environment = {**os.environ, "RESTIC_PASSWORD": _PASSWORD}
    done = subprocess.run(argv, env=environment, input=content, capture_output=True, check=True)
    return done.stdout


def snapshots(settings: Settings) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        restic(Path(settings["repository"]), "snapshots", "--json")
    )
    return found


@pytest.fixture
def place(settings: Settings) -> Iterator[Destination]:
    with contextlib.closing(destination("restic", settings)) as made:
        yield made


class TestRestic(DestinationContract):
    kind: ClassVar[str] = "restic"
    rounds: ClassVar[int] = 1

    @pytest.fixture
    def settings(self, fresh: Path, tmp_path: Path) -> Settings:
        return settings_of(fresh, tmp_path)

    @pytest.fixture
    def missing(self, fresh: Path, tmp_path: Path) -> Settings:
        return {**settings_of(fresh, tmp_path), "repository": str(tmp_path / "nowhere")}


def test_the_snapshots_of_others_are_left_alone(place: Destination, settings: Settings) -> None:
    theirs = ("backup", "--stdin", "--stdin-filename", NAME, "--host", "shop")
    restic(Path(settings["repository"]), *theirs, content=b"theirs")
    keep(place, NAME, b"ours")
    place.delete(NAME)
    place.sweep(-60)
    assert [each.get("tags") for each in snapshots(settings)] == [None]


def test_another_platforms_objects_are_not_seen(place: Destination, settings: Settings) -> None:
    keep(place, NAME, b"content")
    assert listed(destination("restic", settings, platform="shop-test")) == []


def test_an_upload_whose_process_is_killed_is_no_object(
    place: Destination, settings: Settings
) -> None:
    argv = [sys.executable, "-c", _WRITES_UNTIL_KILLED, json.dumps(dict(settings))]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    # restic takes our death for the end of its input, and makes a snapshot of a half.
    while not snapshots(settings) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(snapshots(settings)) == 1
    assert listed(place) == []
    assert place.sweep(3600) == 0
    assert place.sweep(-60) == 1
    assert snapshots(settings) == []


def test_a_replaced_object_leaves_no_snapshot(place: Destination, settings: Settings) -> None:
    keep(place, NAME, b"good")
    keep(place, NAME, b"better")
    assert len(snapshots(settings)) == 2


def test_a_repository_that_lost_data_does_not_give_a_shortened_object(
    place: Destination, settings: Settings
) -> None:
    keep(place, NAME, noise(3_000_000))
    for pack in Path(settings["repository"], "data").rglob("*"):
        if pack.is_file() and pack.stat().st_size > 100_000:
            pack.chmod(0o600)
            pack.write_bytes(noise(pack.stat().st_size))
    with pytest.raises(DestinationError, match="restic dump failed"):
        content_of(place, NAME)


def test_a_reader_that_stops_early_leaves_no_restic(place: Destination) -> None:
    keep(place, NAME, noise(3_000_000))
    with place.open(NAME) as file:
        file.read(10)
        assert "restic" in _children()
    assert "restic" not in _children()


def _children() -> list[str]:
    """Their names: other children of this process may be servers that other tests share."""
    return [child.name() for child in psutil.Process().children()]


def test_a_wrong_password_is_told_and_not_shown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG", "another-s3cret")
    place = destination("restic", {**settings, "password": "env:WRONG"})
    with pytest.raises(DestinationError, match="give the password of this repository") as caught:
        listed(place)
    assert "s3cret" not in str(caught.value)
    assert not caught.value.temporary


def test_a_lock_of_somebody_else_is_told_as_passing(place: Destination, settings: Settings) -> None:
    keep(place, NAME, b"content")
    with place.upload("orders/2/dump") as upload:
        upload.write(noise(3_000_000))
        with pytest.raises(DestinationError, match="another restic works on it") as caught:
            place.delete(NAME)
        assert caught.value.temporary
        upload.commit()
    place.delete(NAME)
    assert listed(place) == ["orders/2/dump"]


def test_a_restic_that_is_not_there_is_told(
    place: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DestinationError, match="install restic"):
        listed(place)


def test_a_password_in_the_address_is_refused() -> None:
    with pytest.raises(ValidationError, match="holds a password"):
        Restic.model_validate({"repository": "rest:https://u:p@host/", "password": "env:X"})
    Restic.model_validate({"repository": "sftp:keeper@host:/backups", "password": "env:X"})
