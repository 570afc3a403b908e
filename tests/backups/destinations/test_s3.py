"""The `s3` kind: a server that checks signatures, and can fail at every request."""

import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.backups import streamed
from opsbook.backups.destination import Destination, DestinationError, destination_kinds
from opsbook.backups.destinations import s3 as s3_kind
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
from tests.backups.destinations.faults import fails_at, requests_of_a_story
from tests.servers.loopback import free_port
from tests.servers.s3 import ACCESS_KEY, BUCKET, S3, SECRET_KEY, Fault, s3


@pytest.fixture
def server() -> Iterator[S3]:
    with s3() as running:
        yield running


@pytest.fixture
def settings(server: S3, tmp_path: Path) -> Settings:
    return settings_of(server, tmp_path)


def settings_of(server: S3, directory: Path, **other: Any) -> Mapping[str, Any]:
    secret = directory / "secret-key"
    secret.write_text(SECRET_KEY)
    return {
        "bucket": BUCKET,
        "endpoint": server.endpoint,
        "path_style": True,
        "access_key": ACCESS_KEY,
        "secret_key": f"file:{secret}",
        "part_size": "5 MiB",
        "within": "9s",
        **other,
    }


class TestS3(DestinationContract):
    kind: ClassVar[str] = "s3"

    @pytest.fixture
    def settings(self, server: S3, tmp_path: Path) -> Settings:
        return settings_of(server, tmp_path)

    @pytest.fixture
    def missing(self, server: S3, tmp_path: Path) -> Settings:
        return settings_of(
            server, tmp_path, endpoint=f"http://127.0.0.1:{free_port()}", within="1s"
        )


@pytest.fixture
def place(settings: Settings) -> Iterator[Destination]:
    with contextlib.closing(destination("s3", settings)) as made:
        yield made


_FAULTS: tuple[Fault, ...] = (
    "500",
    "503",
    "403",
    "reset",
    "late reset",
    "truncate",
    "half 200",
    "stall",
)


@pytest.mark.parametrize("fault", _FAULTS)
def test_one_failure_at_any_request_is_survived(
    server: S3, settings: Settings, fault: Fault
) -> None:
    patience = "1s" if fault == "stall" else "9s"
    place = destination("s3", {**settings, "within": patience})
    for number in range(requests_of_a_story(place, server)):
        story = fails_at(place, place, server, fault, number, on=False)
        # To begin and to complete an upload may not be done twice, and the answer is lost.
        lost = story.struck.startswith("POST") and fault in ("late reset", "truncate", "stall")
        assert story.failed is None or fault == "403" or lost, (story.struck, story.failed)
        assert fault == "403" or story.failed is None or story.failed.temporary, story.failed
        place.sweep(-60)
        assert server.uploads == {}


@pytest.mark.parametrize("fault", ["500", "403", "late reset", "stall"])
def test_a_server_that_fails_from_any_request_on_loses_nothing_good(
    server: S3, settings: Settings, place: Destination, fault: Fault
) -> None:
    impatient = destination("s3", {**settings, "within": "100ms"})
    for number in range(requests_of_a_story(place, server)):
        story = fails_at(impatient, place, server, fault, number, on=True)
        assert story.failed, number
        place.sweep(-60)
        assert server.uploads == {}


@pytest.mark.parametrize("fault", ["500", "503", "reset", "late reset"])
def test_an_upload_whose_connection_broke_goes_on_with_the_part_that_failed(
    server: S3, place: Destination, fault: Fault
) -> None:
    content = noise(23_000_000)
    broken: list[str] = []

    def break_once(_: int, request: str) -> Fault | None:
        if "partNumber=3" not in request or broken:
            return None
        broken.append(request)
        return fault

    server.fault = break_once
    keep(place, NAME, content)
    asked = [re.search(r"partNumber=(\d+)", request) for request in server.requests]
    sent = sorted(int(found[1]) for found in asked if found)
    assert (len(broken), sent) == (1, [1, 2, 3, 3, 4, 5])
    assert content_of(place, NAME) == content


def test_an_aborted_upload_leaves_no_parts_behind(server: S3, place: Destination) -> None:
    upload = place.upload(NAME)
    upload.write(noise(13_000_000))
    upload.abort()
    assert server.uploads == {}
    assert any("uploadId" in request for request in server.requests)


def test_what_a_dead_upload_left_is_swept_when_it_is_old(server: S3, place: Destination) -> None:
    now = datetime.now(UTC)
    for name, hours in (("upload-1", 48), ("upload-2", 49), ("upload-3", 1)):
        server.uploads[name] = (f"shop/{NAME}", {1: b"part"}, now - timedelta(hours=hours))
    server.uploads["upload-4"] = ("other/" + NAME, {}, now - timedelta(hours=50))
    assert place.sweep(24 * 3600) == 2
    assert sorted(server.uploads) == ["upload-3", "upload-4"]


def test_an_upload_under_way_here_is_not_swept(place: Destination) -> None:
    with place.upload(NAME) as upload:
        upload.write(noise(6_000_000))
        assert place.sweep(-60) == 0
        upload.write(noise(6_000_000))
        upload.commit()
    assert listed(place) == [NAME]


def test_names_stand_below_the_platforms_prefix(server: S3, place: Destination) -> None:
    keep(place, NAME, b"content")
    assert list(server.objects) == [f"shop/{NAME}"]


def test_objects_of_others_are_not_listed(server: S3, place: Destination) -> None:
    server.objects["shop-test/orders/1"] = b"theirs"
    assert listed(place) == []


def test_a_prefix_of_its_own_is_used(server: S3, settings: Settings) -> None:
    keep(destination("s3", {**settings, "prefix": "backups/eu/"}), NAME, b"content")
    assert list(server.objects) == [f"backups/eu/{NAME}"]


def test_the_storage_class_is_asked_for(server: S3, settings: Settings) -> None:
    place = destination("s3", {**settings, "storage_class": "STANDARD_IA"})
    for size in (10, 6_000_000):
        keep(place, NAME, noise(size))
        asked = server.headers.pop(f"shop/{NAME}")
        assert asked["x-amz-storage-class"] == "STANDARD_IA"


def test_a_broken_connection_while_reading_is_resumed(server: S3, place: Destination) -> None:
    keep(place, NAME, noise(20_000_000))
    gets = []

    def fault(number: int, request: str) -> Fault | None:
        if not request.startswith("GET"):
            return None
        gets.append(number)
        return "truncate" if len(gets) % 2 else None

    server.fault = fault
    assert content_of(place, NAME) == noise(20_000_000)
    assert len(gets) == 6


def test_an_object_replaced_while_it_is_read_is_no_mixture(place: Destination) -> None:
    keep(place, NAME, noise(20_000_000))
    with place.open(NAME) as file:
        file.read(1000)
        keep(place, NAME, noise(20_000_000, seed=2))
        with pytest.raises(DestinationError, match="412"):
            file.read()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"access_key": "NOBODY"}, "403 InvalidAccessKeyId .*; the access key is not known there"),
        ({"secret_key": "env:WRONG_KEY"}, "403 SignatureDoesNotMatch .*; the secret key does not"),
        ({"bucket": "nowhere"}, "404 NoSuchBucket .*; make the bucket, or mend its name"),
    ],
)
def test_a_refusal_says_what_to_do(
    settings: Settings,
    change: Mapping[str, str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WRONG_KEY", "not-the-s3cret-key")
    place = destination("s3", {**settings, **change})
    asks: dict[str, Callable[[], object]] = {
        "write": lambda: keep(place, NAME, b"content"),
        "list": lambda: listed(place),
        "read": lambda: place.open(NAME),
        "delete": lambda: place.delete(NAME),
        "sweep": lambda: place.sweep(0),
    }
    for doing, ask in asks.items():
        with pytest.raises(DestinationError) as caught:
            ask()
        if doing == "read" and "NoSuchBucket" not in words:
            assert "cannot read" in str(caught.value)
            assert "403" in str(caught.value)
        else:
            assert re.search(f"cannot {doing} .*{words}", str(caught.value))
        assert "s3cret" not in str(caught.value)
        assert not caught.value.temporary


def test_a_permission_that_lacks_is_named(server: S3, place: Destination) -> None:
    keep(place, NAME, b"content")
    server.fault = lambda _, request: "403" if request.startswith("DELETE") else None
    with pytest.raises(DestinationError, match="let these credentials delete there"):
        place.delete(NAME)


def test_a_wrong_clock_is_told(server: S3, place: Destination) -> None:
    server.ahead = timedelta(hours=1)
    for ask in (lambda: place.sweep(0), lambda: keep(place, NAME, b"content")):
        with pytest.raises(
            DestinationError, match=r"RequestTimeTooSkewed .*clock is wrong; set it"
        ):
            ask()


def test_a_server_that_does_not_answer_is_given_up(server: S3, settings: Settings) -> None:
    place = destination("s3", {**settings, "within": "300ms"})
    server.fault = lambda number, request: "stall"
    started = time.monotonic()
    with pytest.raises(DestinationError) as caught:
        keep(place, NAME, noise(12_000_000))
    assert caught.value.temporary
    assert time.monotonic() - started < 3


def test_an_upload_can_be_aborted_while_the_server_hangs(server: S3, settings: Settings) -> None:
    place = destination("s3", {**settings, "within": "900ms"})
    upload = place.upload(NAME)
    server.fault = lambda number, request: "stall"
    upload.write(noise(6_000_000))
    started = time.monotonic()
    upload.abort()
    assert time.monotonic() - started < 5


def test_an_object_of_too_many_parts_is_refused_before_its_end(
    place: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streamed, "MOST_PARTS", 2)
    with pytest.raises(DestinationError, match="larger than 10,485,760 bytes, which are 2 parts"):
        keep(place, NAME, noise(11_000_000))


def test_memory_is_bounded(server: S3, settings: Settings) -> None:
    """Four parts are held, and the object has forty."""
    grown = _peak_of_an_upload(settings, 40 * 5 * 2**20) - _peak_of_an_upload(settings, 2**20)
    assert grown < 60 * 2**20


def _peak_of_an_upload(settings: Settings, size: int) -> int:
    """Bytes resident at most, of a process that does nothing else."""
    argv = [sys.executable, "-c", _UPLOADS, json.dumps(dict(settings)), str(size)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout) * 1024


_UPLOADS = """
import json, pathlib, re, sys
from opsbook.backups.destinations.s3 import S3
place = S3.model_validate(json.loads(sys.argv[1]))
place.bind("shop")
with place.upload("orders/1/dump") as upload:
    for _ in range(int(sys.argv[2]) >> 20):
        upload.write(bytes(1 << 20))
    upload.commit()
print(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])
"""


def test_keys_go_together() -> None:
    with pytest.raises(ValidationError, match="go together; give both or none"):
        destination("s3", {"bucket": BUCKET, "access_key": "KEEPER"})


def test_the_bucket_stands_where_the_server_wants_it() -> None:
    kind = destination_kinds.load("s3")
    hosted = kind.model_validate({"bucket": "b-1", "endpoint": "https://s3.example.org/"})
    in_path = kind.model_validate({"bucket": "b-1", "region": "eu-west-1", "path_style": True})
    assert isinstance(hosted, s3_kind.S3)
    assert isinstance(in_path, s3_kind.S3)
    assert hosted.address == "https://b-1.s3.example.org"
    assert in_path.address == "https://s3.eu-west-1.amazonaws.com/b-1"
