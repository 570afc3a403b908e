"""Asking a process over HTTP."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from opsbook.cli.ask import NotRunningError, address_of, ask, tell
from opsbook.core.errors import BadInputError
from opsbook.state.datadir import DataDir
from opsbook.state.local_token import LocalToken


class Server(ThreadingHTTPServer):
    """Answers with what it was asked; what is below `/no` it refuses."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        heard = {
            "method": self.command,
            "path": self.path,
            "body": self.rfile.read(length).decode(),
        }
        heard["token"] = self.headers.get("Authorization", "")
        refused = {"detail": "needs the role operator"}
        self.send_response(403 if self.path == "/no" else 200)
        self.end_headers()
        self.wfile.write(json.dumps(refused if self.path == "/no" else heard).encode())

    do_POST = do_DELETE = do_GET  # noqa: N815 - names that the library gives

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.delenv("OPSBOOK_TOKEN", raising=False)
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def data(tmp_path: Path, server: Server) -> Iterator[DataDir]:
    """A directory whose process answers at the server."""
    data = DataDir(tmp_path)
    data.open("small")
    data.announce(server.url)
    LocalToken(tmp_path)
    yield data
    data.close()


def test_a_question_is_sent_without_a_token(data: DataDir) -> None:
    status, heard = ask(address_of(data, None), "/api/x", name="a b")
    assert (status, heard["path"], heard["token"]) == (200, "/api/x?name=a+b", "")


def test_a_change_is_sent_with_the_token_of_the_process_that_is_asked(data: DataDir) -> None:
    token = (data.path / "token").read_text().strip()
    for url in (None, data.address()):
        heard = tell(address_of(data, url), "/api/x", {"a": 1})
        assert (heard["method"], heard["body"]) == ("POST", '{"a": 1}')
        assert heard["token"] == f"Bearer {token}"


def test_another_process_never_sees_that_token(data: DataDir, server: Server) -> None:
    data.announce("http://127.0.0.1:1")
    with pytest.raises(BadInputError, match="needs a token"):
        tell(address_of(data, server.url), "/api/x", {})


def test_another_process_sees_the_token_of_the_environment(
    data: DataDir, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.announce("http://127.0.0.1:1")
    monkeypatch.setenv("OPSBOOK_TOKEN", "opsbook_mine")
    heard = tell(address_of(data, server.url), "/api/x", None, "DELETE")
    assert (heard["method"], heard["token"]) == ("DELETE", "Bearer opsbook_mine")


def test_a_refusal_is_told(data: DataDir) -> None:
    with pytest.raises(BadInputError, match=r"^refused: needs the role operator$"):
        tell(address_of(data, None), "/no", {})


def test_where_nothing_runs_it_is_told_how_to_start_it(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match=r"no opsbook runs on .*; start one"):
        address_of(DataDir(tmp_path), None)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1:1", "127.0.0.1:7070", "http://"])
def test_what_is_no_address_is_told(tmp_path: Path, url: str) -> None:
    with pytest.raises(NotRunningError, match="not an http address"):
        ask(address_of(DataDir(tmp_path), url), "/api/x")
