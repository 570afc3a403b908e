"""The `gcs` kind: a server that speaks Google's XML API, checks tokens and can fail."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from opsbook.backups.destination import Destination, DestinationError
from tests.backups.destinations.contract import (
    NAME,
    DestinationContract,
    Settings,
    destination,
    keep,
    listed,
)
from tests.backups.destinations.faults import fails_at, requests_of_a_story
from tests.servers.loopback import free_port
from tests.servers.s3 import BUCKET, S3, Fault, s3


@pytest.fixture(scope="module")
def account() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65_537, 2048)


@pytest.fixture
def server(account: rsa.RSAPrivateKey) -> Iterator[S3]:
    with s3(google=account.public_key()) as running:
        yield running


@pytest.fixture
def settings(server: S3, account: rsa.RSAPrivateKey, tmp_path: Path) -> Settings:
    return settings_of(server, account, tmp_path)


@pytest.fixture
def place(settings: Settings) -> Iterator[Destination]:
    with contextlib.closing(destination("gcs", settings)) as made:
        yield made


def settings_of(
    server: S3, account: rsa.RSAPrivateKey, directory: Path, **other: Any
) -> Mapping[str, Any]:
    pem = account.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = directory / "account.json"
    file.write_text(
        json.dumps(
            {
                "type": "service_account",
                "client_email": "keeper@example.org",
                "private_key_id": "1",
                "private_key": pem.decode(),
            }
        )
    )
    return {
        "bucket": BUCKET,
        "endpoint": server.endpoint,
        "credentials": f"file:{file}",
        "part_size": "5 MiB",
        "within": "9s",
        **other,
    }


class TestGcs(DestinationContract):
    kind: ClassVar[str] = "gcs"

    @pytest.fixture
    def settings(self, server: S3, account: rsa.RSAPrivateKey, tmp_path: Path) -> Settings:
        return settings_of(server, account, tmp_path)

    @pytest.fixture
    def missing(self, server: S3, account: rsa.RSAPrivateKey, tmp_path: Path) -> Settings:
        nobody = f"http://127.0.0.1:{free_port()}"
        return settings_of(server, account, tmp_path, endpoint=nobody, within="1s")


@pytest.mark.parametrize("fault", ["500", "late reset"])
def test_a_server_that_fails_from_any_request_on_loses_nothing_good(
    server: S3, settings: Settings, place: Destination, fault: Fault
) -> None:
    impatient = destination("gcs", {**settings, "within": "100ms"})
    for number in range(requests_of_a_story(place, server)):
        story = fails_at(impatient, place, server, fault, number, on=True)
        assert story.failed, number
        place.sweep(-60)
        assert server.uploads == {}


def test_what_a_dead_upload_left_is_swept_when_it_is_old(server: S3, place: Destination) -> None:
    now = datetime.now(UTC)
    server.uploads["upload-1"] = (f"shop/{NAME}", {1: b"part"}, now - timedelta(hours=48))
    server.uploads["upload-2"] = (f"shop/{NAME}", {1: b"part"}, now - timedelta(hours=1))
    assert place.sweep(24 * 3600) == 1
    assert sorted(server.uploads) == ["upload-2"]


def test_the_key_of_another_account_is_refused(server: S3, place: Destination) -> None:
    server.google = rsa.generate_private_key(65_537, 2048).public_key()
    for ask in (lambda: keep(place, NAME, b"content"), lambda: place.sweep(0)):
        with pytest.raises(DestinationError, match="403 AccessDenied") as caught:
            ask()
        assert "look whether they are right, and the clock" in str(caught.value)
        assert "BEGIN PRIVATE KEY" not in str(caught.value)


def test_credentials_that_are_no_key_file_are_told(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("s3cret scribbles")
    place = destination("gcs", {**settings, "credentials": f"file:{tmp_path / 'notes'}"})
    for ask in (lambda: listed(place), lambda: place.sweep(0)):
        with pytest.raises(DestinationError) as caught:
            ask()
        assert "s3cret" not in str(caught.value)
        assert not caught.value.temporary
