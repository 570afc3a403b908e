"""Remote writes, as far as the way to whoever takes them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from opsbook.web.prometheus.sources import Sources
from tests.web.prometheus.conftest import Held
from tests.web.prometheus.served import Client, embedded, served

PROTOBUF = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}


@dataclass(frozen=True)
class Answer:
    status: int
    text: str


class Receiver:
    """Tells what it got."""

    def receive(self, body: bytes, content_type: str, content_encoding: str) -> Answer:
        return Answer(400, f"{len(body)} {content_type} {content_encoding}")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    sources = Sources(receiver=Receiver())
    with embedded(tmp_path_factory.mktemp("store")) as store, served(store, sources) as client:
        yield client


def test_a_write_goes_to_the_receiver_and_its_answer_back(client: Client) -> None:
    answer = client.post("/api/v1/write", content=b"1234", headers=PROTOBUF)
    assert (answer.status_code, answer.text) == (400, "4 application/x-protobuf snappy")


@pytest.mark.parametrize(
    "type_", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_what_a_page_of_another_site_can_send_is_refused(client: Client, type_: str) -> None:
    answer = client.post("/api/v1/write", content=b"1234", headers={"Content-Type": type_})
    assert answer.status_code == 415


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_without_end_is_refused(client: Client, chunked: bool) -> None:
    megabytes = (bytes(1024 * 1024) for _ in range(33))
    body = megabytes if chunked else b"".join(megabytes)
    answer = client.post("/api/v1/write", content=body, headers=PROTOBUF)
    assert answer.status_code == 413


def test_without_a_receiver_writing_is_disabled(held: Held) -> None:
    answer = held.client.post("/api/v1/write", content=b"", headers=PROTOBUF)
    assert answer.status_code == 404
    assert "needs to be enabled" in answer.text
