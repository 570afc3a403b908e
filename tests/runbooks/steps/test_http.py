"""The `http` step against a real server."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from opsbook.core.errors import BadInputError
from opsbook.core.secrets import Secret
from opsbook.runbooks.action import ActionFailedError, ActionUnknownError
from tests.runbooks.steps.contract import Settings, StepContract, StoppingContract
from tests.runbooks.steps.stage import Stage, step
from tests.servers.certificate import Authority
from tests.servers.loopback import answering, closing, endless, free_port, serving, silent


@dataclass
class Shop:
    """Takes orders, and each `Idempotency-Key` once."""

    port: int = 0
    orders: dict[str, bytes] = field(default_factory=dict)
    heads: list[str] = field(default_factory=list)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:-2])
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if not head.startswith(("GET", "HEAD", "OPTIONS")):
            self.orders.setdefault(headers["idempotency-key"], body)
        answer = json.dumps({"orders": len(self.orders)}).encode()
        said = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}"
        writer.write(said.encode() + b"\r\n\r\n" + answer)
        await writer.drain()


@contextmanager
def _connecting(address: tuple[str, int]) -> Iterator[None]:
    """More connections than a server that accepts none has room for."""
    with ExitStack() as open_:
        for _ in range(4):
            one = open_.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(address)
        yield


class TestHttp(StepContract, StoppingContract):
    kind: ClassVar[str] = "http"

    @pytest.fixture
    async def shop(self) -> AsyncIterator[Shop]:
        shop = Shop()
        async with serving(shop.handle) as port:
            shop.port = port
            yield shop

    @pytest.fixture
    async def good(self, stage: Stage, shop: Shop) -> Settings:
        self.known = shop
        url = f"http://127.0.0.1:{shop.port}/orders"
        return {"url": url, "method": "POST", "json": {"what": ["a", 1]}}

    @pytest.fixture
    async def bad(self, stage: Stage) -> Settings:
        return {"url": f"http://127.0.0.1:{free_port()}/"}

    @pytest.fixture
    async def endless(self, stage: Stage) -> AsyncIterator[Settings]:
        async with serving(silent) as port:
            yield {"url": f"http://127.0.0.1:{port}/"}

    def effects(self, stage: Stage) -> int:
        return len(self.known.orders)

    async def test_the_answer_can_be_used_later(self, stage: Stage, good: Settings) -> None:
        result = await stage.carry_out("http", good)
        assert (result["status"], result["json"]) == (200, {"orders": 1})
        assert result["seconds"] > 0

    async def test_every_text_of_a_document_is_filled(
        self, stage: Stage, good: Settings, shop: Shop
    ) -> None:
        sent = {**good, "json": {"to": ["{{ who }}", {"count": "{{ count }}", "plain": 1.5}]}}
        values = {"who": 'ada"}', "count": 3, "steps": {}}
        await stage.carry_out("http", sent, values=values)
        (body,) = shop.orders.values()
        assert json.loads(body) == {"to": ['ada"}', {"count": 3, "plain": 1.5}]}

    async def test_only_what_changes_something_carries_a_key(
        self, stage: Stage, good: Settings, shop: Shop
    ) -> None:
        await stage.carry_out("http", {"url": good["url"]})
        await stage.carry_out("http", good)
        assert ["Idempotency-Key: r1.step.0.1" in head for head in shop.heads] == [False, True]

    async def test_another_status_is_a_failure_with_the_answer(self, stage: Stage) -> None:
        full = b"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 4\r\n\r\nfull"
        async with serving(answering(full)) as port:
            with pytest.raises(ActionFailedError, match="answered 507: full") as caught:
                await stage.carry_out("http", {"url": f"http://127.0.0.1:{port}/"})
        assert caught.value.result["status"] == 507

    async def test_another_status_can_be_what_is_wanted(self, stage: Stage) -> None:
        gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
        async with serving(answering(gone)) as port:
            url = f"http://127.0.0.1:{port}/"
            result = await stage.carry_out("http", {"url": url, "expect": {"status": [404, 410]}})
        assert result["status"] == 404

    async def test_a_redirect_is_not_followed(self, stage: Stage, shop: Shop) -> None:
        moved = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{shop.port}/\r\n\r\n"
        async with serving(answering(moved.encode())) as port:
            with pytest.raises(ActionFailedError, match="answered 302"):
                await stage.carry_out("http", {"url": f"http://127.0.0.1:{port}/"})
        assert shop.heads == []

    async def test_values_of_the_answer_can_be_demanded(self, stage: Stage, good: Settings) -> None:
        demand = {"extract": {"values": {"count": "orders"}}}
        found = await stage.carry_out(
            "http", {**good, **demand, "expect": {"values": {"count": {"at_least": 1}}}}
        )
        assert found["values"] == {"count": 1}
        with pytest.raises(ActionFailedError, match=r"count ≥ 9 \(is 1\)"):
            await stage.carry_out(
                "http", {**good, **demand, "expect": {"values": {"count": {"at_least": 9}}}}
            )

    async def test_a_value_that_is_missing_is_no_pass(self, stage: Stage, good: Settings) -> None:
        extract = {"extract": {"values": {"price": "price"}}}
        expect = {"expect": {"values": {"price": {"at_least": 0}}}}
        with pytest.raises(ActionFailedError, match="is missing"):
            await stage.carry_out("http", {**good, **extract, **expect})

    async def test_a_lost_answer_to_a_change_is_unknown(self, stage: Stage) -> None:
        async with serving(closing) as port:
            url = f"http://127.0.0.1:{port}/"
            with pytest.raises(ActionUnknownError, match="the answer was lost"):
                await stage.carry_out("http", {"url": url, "method": "DELETE"})
            with pytest.raises(ActionFailedError):
                await stage.carry_out("http", {"url": url})

    async def test_a_change_that_is_stopped_before_its_answer_is_unknown(
        self, stage: Stage
    ) -> None:
        async with serving(silent) as port:
            for method, ends in (("POST", ActionUnknownError), ("GET", ActionFailedError)):
                context = stage.context(path=method)
                told = {"url": f"http://127.0.0.1:{port}/", "method": method}
                asking = asyncio.ensure_future(step("http", told).action.carry_out(context))
                await asyncio.sleep(0.2)
                context.stopping.set()
                with pytest.raises(ends):
                    await asking

    async def test_a_change_that_was_never_sent_is_a_failure(self, stage: Stage) -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            address = full.getsockname()
            with socket.create_connection(address), _connecting(address):
                context = stage.context()
                told = {"url": f"http://127.0.0.1:{address[1]}/", "method": "POST"}
                asking = asyncio.ensure_future(step("http", told).action.carry_out(context))
                await asyncio.sleep(0.2)
                context.stopping.set()
                with pytest.raises(ActionFailedError, match="stopped half way"):
                    await asking

    async def test_a_change_that_nobody_was_there_for_is_a_failure(
        self, stage: Stage, bad: Settings
    ) -> None:
        with pytest.raises(ActionFailedError, match="refused"):
            await stage.carry_out("http", {**bad, "method": "POST"})

    async def test_an_answer_without_end_is_cut_off(self, stage: Stage) -> None:
        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await endless(reader, writer)

        async with serving(flood) as port:
            with pytest.raises(ActionFailedError, match="larger than 1 MiB"):
                await stage.carry_out("http", {"url": f"http://127.0.0.1:{port}/"})

    async def test_a_large_answer_is_kept_in_part(self, stage: Stage) -> None:
        body = b'"' + b"\x00\xff" * 250_000 + b'"'
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        async with serving(answering(head.encode() + b"\r\n\r\n" + body)) as port:
            result = await stage.carry_out("http", {"url": f"http://127.0.0.1:{port}/"})
        assert len(json.dumps(result, ensure_ascii=False).encode()) <= 65_536

    async def test_secrets_are_sent_and_shown_nowhere(
        self, stage: Stage, good: Settings, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STEP_TEST_TOKEN", "t0ken-of-the-step")
        settings = {
            **good,
            "bearer": "env:STEP_TEST_TOKEN",
            "headers": {"X-Key": "env:STEP_TEST_TOKEN", "X-Who": "{{ who }}"},
        }
        values = {"who": "ada", "token": Secret("env:STEP_TEST_TOKEN").reveal(), "steps": {}}
        result = await stage.carry_out("http", settings, values=values)
        assert "Authorization: Bearer t0ken-of-the-step" in shop.heads[0]
        assert "t0ken-of-the-step" in shop.heads[0].split("X-Key: ")[1]
        assert "t0ken" not in f"{result}{step('http', settings).action}"

    async def test_a_dry_run_shows_the_change_without_its_secrets(
        self, stage: Stage, good: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("STEP_TEST_TOKEN", "t0ken-of-the-step")
        values = {"token": Secret("env:STEP_TEST_TOKEN").reveal(), "steps": {}}
        action = step("http", {**good, "json": {"token": "{{ token }}"}}).action
        change = await action.preview(stage.context(values=values))
        assert change is not None
        assert change.after == 'POST {"token":"***"}'

    async def test_a_header_cannot_be_broken_out_of(self, stage: Stage, good: Settings) -> None:
        values = {"who": "x\r\nX-Evil: 1", "steps": {}}
        with pytest.raises(BadInputError, match="X-Who would have a line break"):
            sent = {**good, "headers": {"X-Who": "{{ who }}"}}
            await stage.carry_out("http", sent, values=values)
        assert self.known.heads == []

    async def test_a_filled_url_must_be_one(self, stage: Stage) -> None:
        values = {"host": "user:secret@127.0.0.1", "steps": {}}
        with pytest.raises(BadInputError, match="password"):
            await stage.carry_out("http", {"url": "http://{{ host }}/"}, values=values)

    async def test_only_a_certificate_that_somebody_vouches_for_is_trusted(
        self, stage: Stage, shop: Shop, tmp_path: Path
    ) -> None:
        authority = Authority()
        secure = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        secure.load_cert_chain(authority.issue(tmp_path / "server.pem", "shop.example"))
        (tmp_path / "ca.pem").write_bytes(authority.pem)
        async with serving(shop.handle, ssl=secure) as port:
            url = {"url": f"https://127.0.0.1:{port}/"}
            with pytest.raises(ActionFailedError, match="not trusted"):
                await stage.carry_out("http", url)
            trust = {"ca": str(tmp_path / "ca.pem"), "server_name": "shop.example"}
            result = await stage.carry_out("http", {**url, "tls": trust})
        assert result["status"] == 200

    @pytest.mark.parametrize(
        "settings",
        [
            {"url": "ftp://x"},
            {"url": "http://u:p@x/"},
            {"url": "http://x", "body": "a", "json": {}},
            {"url": "http://x", "expect": {"values": {"a": {"equals": 1}}}},
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, settings: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            step("http", settings)

    def test_the_class_of_a_change_is_known_to_the_book_alone(self) -> None:
        classes = {
            method: step("http", {"url": "http://x", "method": method}).action.least_class
            for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
        }
        assert classes == {
            **dict.fromkeys(("GET", "HEAD", "OPTIONS"), 0),
            **dict.fromkeys(("POST", "PUT", "PATCH", "DELETE")),
        }
