"""`opsbook incident` against a running watch."""

import asyncio
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from opsbook.app.book import read_book
from opsbook.services.controller import Home
from tests.cli.run import opsbook, opsbook_up, status
from tests.services.platform import one_service


class Catcher(ThreadingHTTPServer):
    """Remembers the notices that a webhook was sent."""

    def __init__(self) -> None:
        self.caught: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Catcher

    def do_POST(self) -> None:
        self.server.caught.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    server = Catcher()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def paged_book(directory: Path, catcher: Catcher) -> Path:
    """One service that is restarted once, and a level that pages the catcher."""
    file = one_service(directory, restart={"at_most": 1, "backoff": ["0s"], "verify_within": "2s"})
    book = json.loads(file.read_text())
    hook = f"http://127.0.0.1:{catcher.server_address[1]}/"
    book["alerts"] = {
        "route": {"receiver": "nobody"},
        "receivers": [{"name": "nobody"}, {"name": "ops", "webhook_configs": [{"url": hook}]}],
    }
    book["incidents"] = {
        "contacts": {"ada": {"receiver": "ops"}},
        "escalation": [{"name": "L1", "contacts": ["ada"]}],
    }
    file.write_text(json.dumps(book))
    return file


def until(condition: Callable[[], Any], within: float = 20) -> Any:
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)
    return found


def listed(data: Path, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        opsbook("incident", "list", "--json", *words, "--data", data).stdout
    )
    return found


def test_a_service_that_dies_for_good_pages_recovers_and_is_closed(
    tmp_path: Path, catcher: Catcher
) -> None:
    book, data = paged_book(tmp_path, catcher), tmp_path / "data"
    with opsbook_up(book, data):
        (tmp_path / "a/die").touch()
        _kill(data)
        until(lambda: catcher.caught)
        (incident,) = listed(data)
        number = incident["id"]
        assert (incident["severity"], incident["services"]) == ("critical", ["a"])
        summary = catcher.caught[0]["alerts"][0]["annotations"]["summary"]
        assert summary.startswith(f"{number} critical open: a: died while being verified")

        done = opsbook("incident", "ack", number, "--note", "on it", "--data", data)
        assert done.stdout.startswith(f"{number} is acknowledged; ")
        early = opsbook("incident", "close", number, "--resolution", "x", "--data", data)
        assert (early.returncode, "has not recovered: a: needs a person" in early.stderr) == (
            2,
            True,
        )
        (tmp_path / "a/die").unlink()
        asyncio.run(_start(book, data))
        until(lambda: listed(data)[0]["state"] == "recovered")
        until(lambda: catcher.caught[-1]["status"] == "resolved")

        words = ["--resolution", "started by hand", "--lessons", "watch the disk"]
        closed = opsbook("incident", "close", number, *words, "--data", data)
        assert closed.stdout.startswith(f"{number} is closed")
        shown = opsbook("incident", "show", number, "--data", data).stdout
        told = [line.split()[1] for line in shown.splitlines() if line.startswith("20")]
        expected = [
            "service.died",
            "service.needs_person",
            "incident.opened",
            "incident.paged",
            "incident.acknowledged",
            "service.verified",
            "incident.recovered",
            "incident.closed",
        ]
        assert [kind for kind in told if kind in expected][-8:] == expected
        assert len(catcher.caught) == 2
        assert opsbook("incident", "list", "--data", data).stdout == "no incidents\n"
        assert [each["id"] for each in listed(data, "--all")] == [number]
        measured = opsbook("incident", "measures", "--data", data).stdout
        assert "time between failures   not measured" in measured
        assert measured.startswith("incidents               1 in 30 days\ntime to detect  ")
    opsbook("down", book, "--data", data)


def test_a_person_opens_one_and_remarks_on_it(tmp_path: Path, catcher: Catcher) -> None:
    book, data = paged_book(tmp_path, catcher), tmp_path / "data"
    with opsbook_up(book, data):
        wrong = opsbook("incident", "open", "slow", "--severity", "bad", "--data", data)
        assert (wrong.returncode, "severity 'bad' is not declared" in wrong.stderr) == (2, True)
        opened = opsbook("incident", "open", "search is slow", "--severity", "P3", "--data", data)
        number = opened.stdout.split()[0]
        assert opsbook("incident", "note", number, "since noon", "--data", data).returncode == 0
        until(lambda: catcher.caught)
        assert opsbook("incident", "status", number, "we look", "--data", data).returncode == 0
        until(lambda: len(catcher.caught) == 2)
        said = catcher.caught[1]["alerts"][0]["annotations"]["description"]
        assert said == "we look"
        ran = opsbook("incident", "list", "--data", data)
        (line,) = [each for each in ran.stdout.splitlines() if number in each]
        assert line.split()[:3] == [number, "medium", "open"]
        assert ran.returncode == 1
        assert "since noon" in opsbook("incident", "show", number, "--data", data).stdout
        gone = opsbook("incident", "show", "INC-none", "--data", data)
        assert (gone.returncode, "no incident 'INC-none'" in gone.stderr) == (2, True)
    opsbook("down", book, "--data", data)


def _kill(data: Path) -> None:
    (service,) = status(data)["services"]
    os.kill(int(service["instance"].split()[1]), signal.SIGKILL)


async def _start(book: Path, data: Path) -> None:
    """As a person brings the service back, past the watch."""
    controller = read_book(book).services["a"].controller
    controller.bind(Home("small", "a", data / "services", data / "logs"))
    await controller.start()
