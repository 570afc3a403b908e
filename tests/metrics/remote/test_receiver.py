"""What a sender is answered."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsbook.core.clock import ManualClock
from opsbook.metrics.metadata import Catalogue, Metadata
from opsbook.metrics.model import STALE, Values
from opsbook.metrics.remote.encoding import encoded_labels
from opsbook.metrics.remote.receiver import LARGEST, Receiver
from opsbook.metrics.remote.snappy import deflated
from opsbook.metrics.remote.wire import encoded_bytes, encoded_varint
from opsbook.metrics.store import Layout, Receipt, StoreError
from opsbook.metrics.stores.embedded import Embedded
from tests.metrics.remote.messages import NOW, body, message, metadata, sample, series
from tests.metrics.remote.stores import embedded
from tests.metrics.storage.model import ALWAYS, EVERYTHING, bits, samples

UP, LOAD = series("up", job="api"), series("load", job="api")
SOUND = body({UP: [(NOW, 1.0)], LOAD: [(NOW, 0.5)]})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    opened = embedded(tmp_path_factory.mktemp("store"))
    yield Receiver(opened, Catalogue())
    opened.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Embedded]:
    opened = embedded(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


@pytest.fixture
def receiver(store: Embedded, catalogue: Catalogue) -> Receiver:
    return Receiver(store, catalogue)


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        ("application/x-protobuf", "snappy"),
        ("application/x-protobuf;proto=prometheus.WriteRequest", "Snappy"),
        ('Application/X-Protobuf; proto="prometheus.WriteRequest"', None),
        (None, None),
    ],
)
def test_what_was_kept_whole_needs_no_words(
    receiver: Receiver, store: Embedded, kind: str | None, encoding: str | None
) -> None:
    answer = receiver.receive(SOUND, kind, encoding)
    assert (answer.status, answer.text) == (204, "")
    found = samples(store.select(EVERYTHING, *ALWAYS))
    assert found == {UP: {NOW: bits(1.0)}, LOAD: {NOW: bits(0.5)}}


@pytest.mark.parametrize(
    ("kind", "encoding", "said"),
    [
        ("application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy", "write 1.0"),
        ("application/json", "snappy", "application/json"),
        ("application/x-protobuf", "zstd", "with zstd"),
    ],
)
def test_another_protocol_is_unsupported(
    receiver: Receiver, kind: str, encoding: str, said: str
) -> None:
    answer = receiver.receive(SOUND, kind, encoding)
    assert answer.status == 415
    assert said in answer.text


@pytest.mark.parametrize("damaged", [b"", b"no snappy", SOUND[:-1], deflated(b"\x0a\x05ab")])
def test_a_malformed_request_is_not_to_be_sent_again(receiver: Receiver, damaged: bytes) -> None:
    answer = receiver.receive(damaged, None, None)
    assert answer.status == 400
    assert answer.text.startswith("malformed request: ")


def test_a_request_that_is_too_large_is_to_be_cut(receiver: Receiver) -> None:
    answer = receiver.receive(encoded_varint(LARGEST + 1) + b"\0", None, None)
    assert (answer.status, "smaller requests" in answer.text) == (413, True)


def test_what_can_be_taken_of_a_bad_request_is_taken(receiver: Receiver, store: Embedded) -> None:
    receiver.receive(SOUND, None, None)
    answer = receiver.receive(body({UP: [(NOW, 2.0), (NOW + 1, 3.0)]}), None, None)
    assert answer.status == 400
    assert answer.text.startswith("1 samples taken; 1 samples refused, duplicate: up{")
    assert samples(store.select(EVERYTHING, *ALWAYS))[UP] == {NOW: bits(1.0), NOW + 1: bits(3.0)}


def test_a_staleness_marker_comes_through(receiver: Receiver, store: Embedded) -> None:
    receiver.receive(body({UP: [(NOW, float(STALE))]}), None, None)
    (frame,) = store.select(EVERYTHING, *ALWAYS)
    assert frame.values.view("u8").tolist() == [[bits(float(STALE))]]


def test_what_is_not_kept_is_said_and_counted(receiver: Receiver) -> None:
    more = encoded_bytes(3, b"") + encoded_bytes(4, b"") * 2
    sent = encoded_bytes(1, encoded_labels(UP) + sample(NOW, 1.0) + more)
    answer = receiver.receive(deflated(sent), None, None)
    assert answer.status == 200
    assert answer.text == (
        "1 samples taken; 2 native histograms are not kept; 1 exemplars are not kept"
    )
    assert receiver.counts == {
        "taken": 1,
        "repeated": 0,
        "native histograms": 2,
        "exemplars": 1,
    }


def test_metadata_of_several_requests_is_remembered(
    receiver: Receiver, catalogue: Catalogue
) -> None:
    for name in ("up", "load"):
        said = metadata(2, name, "What it is.", "")
        assert receiver.receive(deflated(said), None, None).status == 204
    assert catalogue.everything() == {
        name: [Metadata("gauge", "What it is.", "")] for name in ("load", "up")
    }


class Broken(Embedded):
    """A store in trouble."""

    def append_row(self, layout: Layout, at: int, values: Values) -> Receipt:
        raise StoreError("the disk is gone; nothing was taken")


class Full(Embedded):
    def append_row(self, layout: Layout, at: int, values: Values) -> Receipt:
        return Receipt(0, 0, {"no room": len(values)})


class Forgetful(Embedded):
    @property
    def trouble(self) -> str | None:
        return "new samples are only in memory"


@pytest.mark.parametrize(
    ("kind", "said"),
    [(Broken, "the disk is gone"), (Full, "no room"), (Forgetful, "only in memory")],
)
def test_a_store_in_trouble_lets_the_sender_wait(
    tmp_path: Path, kind: type[Embedded], said: str
) -> None:
    store = kind()
    store.bind(tmp_path, ManualClock(NOW / 1000))
    store.start()
    answer = Receiver(store, Catalogue()).receive(SOUND, None, None)
    assert answer.status == 503
    assert said in answer.text
    assert answer.text.endswith("send the request again")
    store.close()


def test_a_store_in_trouble_is_not_filled_by_those_who_try_again(tmp_path: Path) -> None:
    store = Forgetful()
    store.bind(tmp_path, ManualClock(NOW / 1000))
    store.start()
    receiver = Receiver(store, Catalogue())
    assert [receiver.receive(SOUND, None, None).status for _ in range(5)] == [503] * 5
    assert receiver.counts == {"taken": 2, "repeated": 0}
    store.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=3))
def test_a_damaged_request_gets_an_answer(shared: Receiver, changes: list[tuple[int, int]]) -> None:
    data = bytearray(message({UP: [(NOW, 1.0), (NOW + 1, 2.0)], LOAD: [(NOW, 0.5)]}))
    for place, byte in changes:
        data[place % len(data)] = byte
    assert shared.receive(deflated(bytes(data)), None, None).status in (200, 204, 400, 413)
