"""The `azure` kind against Microsoft's emulator."""

import base64
import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.backups.destination import DestinationError
from tests.backups.destinations.contract import (
    NAME,
    DestinationContract,
    Settings,
    destination,
    keep,
    listed,
)
from tests.backups.destinations.faults import fails_at, requests_of_a_story
from tests.servers.azurite import ACCOUNT, KEY, Azurite, azurite
from tests.servers.failing import Fault, failing
from tests.servers.loopback import free_port

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    with azurite(tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture
def settings(server: Azurite, tmp_path: Path) -> Settings:
    return settings_of(server, tmp_path)


def settings_of(server: Azurite, directory: Path, **other: Any) -> Mapping[str, Any]:
    """Of a container of its own, which is empty."""
    key, container = directory / "key", f"backups-{next(_numbers)}"
    key.write_text(KEY)
    server.make(container)
    return {
        "container": container,
        "account": ACCOUNT,
        "key": f"file:{key}",
        "endpoint": server.endpoint,
        "part_size": "5 MiB",
        "within": "6s",
        **other,
    }


class TestAzure(DestinationContract):
    kind: ClassVar[str] = "azure"

    @pytest.fixture
    def settings(self, server: Azurite, tmp_path: Path) -> Settings:
        return settings_of(server, tmp_path)

    @pytest.fixture
    def missing(self, server: Azurite, tmp_path: Path) -> Settings:
        nobody = f"http://127.0.0.1:{free_port()}/{ACCOUNT}"
        return settings_of(server, tmp_path, endpoint=nobody, within="1s")


@pytest.mark.parametrize("fault", ["500", "late reset"])
def test_a_server_that_fails_from_any_request_on_loses_nothing_good(
    server: Azurite, settings: Settings, fault: Fault
) -> None:
    with failing(server.port) as before:
        endpoint = f"http://127.0.0.1:{before.port}/{ACCOUNT}"
        patient = destination("azure", {**settings, "endpoint": endpoint})
        impatient = destination("azure", {**settings, "endpoint": endpoint, "within": "100ms"})
        for number in range(requests_of_a_story(patient, before)):
            story = fails_at(impatient, patient, before, fault, number, on=True)
            assert story.failed, number


@pytest.mark.parametrize("fault", ["reset", "late reset"])
def test_one_failure_at_any_request_is_survived(
    server: Azurite, settings: Settings, fault: Fault
) -> None:
    with failing(server.port) as before:
        endpoint = f"http://127.0.0.1:{before.port}/{ACCOUNT}"
        place = destination("azure", {**settings, "endpoint": endpoint})
        for number in range(requests_of_a_story(place, before)):
            story = fails_at(place, place, before, fault, number, on=False)
            # To complete an upload may not be done twice, and the answer is lost.
            lost = "comp=blocklist" in story.struck and fault == "late reset"
            assert story.failed is None or (lost and story.failed.temporary), story


def test_a_missing_container_is_told_by_every_request(settings: Settings) -> None:
    place = destination("azure", {**settings, "container": "nowhere"})
    asks: tuple[Callable[[], object], ...] = (
        lambda: keep(place, NAME, b"content"),
        lambda: listed(place),
        lambda: place.open(NAME),
        lambda: place.delete(NAME),
    )
    for ask in asks:
        with pytest.raises(DestinationError, match=r"404 ContainerNotFound .*make the container"):
            ask()


def test_a_wrong_key_is_told_and_not_shown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG_KEY", base64.b64encode(b"another-s3cret-key").decode())
    place = destination("azure", {**settings, "key": "env:WRONG_KEY"})
    with pytest.raises(DestinationError, match=r"403 Auth.*the key is wrong") as caught:
        keep(place, NAME, b"content")
    assert "YW5vdGhlci1z" not in str(caught.value)


def test_a_signature_in_the_address_is_not_shown(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAS", "?sv=2021-08-06&sr=c&sp=rwdl&se=2027-01-01&sig=c2lnbmF0dXJl")
    words = {name: value for name, value in settings.items() if name != "key"}
    place = destination("azure", {**words, "sas": "env:SAS"})
    with pytest.raises(DestinationError) as caught:
        keep(place, NAME, b"content")
    assert "c2lnbmF0dXJl" not in str(caught.value)


def test_a_key_that_is_none_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKEN_KEY", "not base64!")
    place = destination("azure", {**settings, "key": "env:BROKEN_KEY"})
    with pytest.raises(DestinationError, match="Invalid Access Key") as caught:
        listed(place)
    assert not caught.value.temporary


def test_two_ways_in_are_refused(settings: Settings) -> None:
    with pytest.raises(ValidationError, match="give `key` or `sas`, not both"):
        destination("azure", {**settings, "sas": "env:SAS"})
