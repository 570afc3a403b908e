"""What every kind of destination must keep. A kind's test inherits this and gives the place."""

import contextlib
import random
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.backups.destination import Destination, DestinationError, Stored, destination_kinds
from tests.servers.process import wait_until

Settings = Mapping[str, Any]

NAME = "orders/20261121-023000/dump.zst.age"


def destination(kind: str, settings: Settings, platform: str = "shop") -> Destination:
    made = destination_kinds.load(kind).model_validate(settings)
    made.bind(platform)
    return made


def keep(place: Destination, name: str, content: bytes, block: int = 1 << 20) -> None:
    with place.upload(name) as upload:
        for start in range(0, len(content), block):
            upload.write(content[start : start + block])
        upload.commit()


def content_of(place: Destination, name: str) -> bytes:
    with place.open(name) as file:
        return file.read()


def listed(place: Destination, prefix: str = "") -> list[str]:
    return [each.name for each in place.names(prefix)]


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class DestinationContract:
    """Give `kind`, and the fixtures `settings` and `missing`."""

    kind: ClassVar[str]
    large: ClassVar[int] = 13_000_000
    """Bytes that make an upload of several parts."""
    rounds: ClassVar[int] = 20
    """How often a leak is given the chance to show."""

    @pytest.fixture
    def settings(self) -> Settings:
        """Settings of a place that is well, and empty."""
        raise NotImplementedError

    @pytest.fixture
    def missing(self) -> Settings:
        """Settings of a place that is not there, or refuses."""
        raise NotImplementedError

    @pytest.fixture
    def place(self, settings: Settings) -> Iterator[Destination]:
        made = destination(self.kind, settings)
        with contextlib.closing(made):
            yield made

    @pytest.mark.parametrize("size", [0, 1, 70_000])
    def test_an_object_comes_back_as_it_went(self, place: Destination, size: int) -> None:
        keep(place, NAME, noise(size))
        assert content_of(place, NAME) == noise(size)

    def test_a_large_object_comes_back_as_it_went(self, place: Destination) -> None:
        keep(place, NAME, noise(self.large))
        assert content_of(place, NAME) == noise(self.large)
        assert list(place.names("")) == [Stored(NAME, self.large)]

    def test_an_object_can_be_read_in_pieces_of_any_size(self, place: Destination) -> None:
        keep(place, NAME, noise(50_000))
        with place.open(NAME) as file:
            pieces = [file.read(1), file.read(4096), file.read(0), file.read(30_000), file.read()]
            assert file.read(10) == b""
        assert b"".join(pieces) == noise(50_000)

    def test_it_does_not_exist_before_its_commit(self, place: Destination) -> None:
        with place.upload(NAME) as upload:
            upload.write(noise(self.large))
            assert listed(place) == []
            with pytest.raises(FileNotFoundError):
                place.open(NAME).close()
            upload.commit()
        assert listed(place) == [NAME]

    @pytest.mark.parametrize("size", [0, 1000, 13_000_000])
    def test_an_aborted_upload_leaves_nothing(self, place: Destination, size: int) -> None:
        upload = place.upload(NAME)
        upload.write(noise(size))
        upload.abort()
        upload.abort()
        assert listed(place) == []
        assert place.sweep(-60) == 0

    def test_an_error_on_the_way_aborts(self, place: Destination) -> None:
        with pytest.raises(ZeroDivisionError), place.upload(NAME) as upload:
            upload.write(b"half")
            raise ZeroDivisionError
        assert listed(place) == []

    def test_an_upload_that_is_left_without_a_commit_leaves_nothing(
        self, place: Destination
    ) -> None:
        with place.upload(NAME) as upload:
            upload.write(noise(self.large))
        assert listed(place) == []

    def test_an_abort_after_the_commit_does_nothing(self, place: Destination) -> None:
        upload = place.upload(NAME)
        upload.write(b"content")
        upload.commit()
        upload.abort()
        assert content_of(place, NAME) == b"content"

    def test_an_upload_replaces_only_at_its_commit(self, place: Destination) -> None:
        keep(place, NAME, b"good")
        with place.upload(NAME) as upload:
            upload.write(b"better")
            assert content_of(place, NAME) == b"good"
            upload.commit()
        assert content_of(place, NAME) == b"better"
        assert listed(place) == [NAME]

    def test_an_aborted_replacement_keeps_the_good_one(self, place: Destination) -> None:
        keep(place, NAME, b"good")
        upload = place.upload(NAME)
        upload.write(noise(self.large))
        upload.abort()
        assert content_of(place, NAME) == b"good"

    def test_names_are_those_with_the_prefix_in_order(self, place: Destination) -> None:
        for name in ("b/2/x", "a", "b/1", "b-1/y", "b/10/z"):
            keep(place, name, b"12345")
        assert listed(place) == ["a", "b-1/y", "b/1", "b/10/z", "b/2/x"]
        assert listed(place, "b/1") == ["b/1", "b/10/z"]
        assert listed(place, "b/2/") == ["b/2/x"]
        assert listed(place, "c/") == []

    def test_what_was_never_kept_is_not_found(self, place: Destination) -> None:
        assert listed(place) == []
        with pytest.raises(FileNotFoundError):
            place.open(NAME).close()

    def test_a_deleted_object_is_gone(self, place: Destination) -> None:
        keep(place, NAME, b"1")
        keep(place, NAME + ".2", b"2")
        place.delete(NAME)
        assert listed(place) == [NAME + ".2"]
        place.delete(NAME + ".2")
        assert listed(place) == []

    def test_deleting_what_is_not_there_does_nothing(self, place: Destination) -> None:
        place.delete(NAME)

    @pytest.mark.parametrize(
        "name", ["../x", "/etc/x", "a/../b", "a//b", "", ".hidden", "a/", "a\nb", "x" * 600, "ü"]
    )
    def test_a_name_that_leads_elsewhere_is_refused(self, place: Destination, name: str) -> None:
        for ask in (place.upload, place.open, place.delete):
            with pytest.raises(DestinationError, match="no name for an object"):
                ask(name)

    def test_several_threads_keep_at_once(self, place: Destination) -> None:
        names = [f"set/{number}/dump" for number in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda name: keep(place, name, name.encode() * 1000), names))
        assert [content_of(place, name)[:10] for name in names] == [
            name.encode()[:10] for name in names
        ]

    def test_a_missing_place_names_itself(self, missing: Settings) -> None:
        place = destination(self.kind, missing)
        with contextlib.closing(place), pytest.raises(DestinationError) as caught:
            keep(place, NAME, b"content")
        assert place.subject in str(caught.value)

    def test_it_frees_what_it_opens(self, place: Destination) -> None:
        self._once(place)
        files, threads = open_files(), threading.active_count()
        for _ in range(self.rounds):
            self._once(place)
        # Connections that are kept for the next requests have two ends here, and a thread of a
        # server in this process each; what leaks grows with the rounds.
        kept = 4
        wait_until(
            lambda: open_files() <= files + 2 * kept and threading.active_count() <= threads + kept
        )

    def _once(self, place: Destination) -> None:
        keep(place, NAME, b"content")
        content_of(place, NAME)
        listed(place)
        place.upload(NAME).abort()
        place.delete(NAME)
        place.sweep(0)

    def test_free_room_is_a_number_or_unknown(self, place: Destination) -> None:
        free = place.free_bytes()
        assert free is None or free > 0

    def test_an_unknown_key_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="extra_forbidden"):
            destination_kinds.load(self.kind).model_validate({"no-such-key": 1})

    def test_its_docstring_is_its_reference(self) -> None:
        assert destination_kinds.load(self.kind).__doc__
