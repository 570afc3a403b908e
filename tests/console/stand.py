"""`python -m tests.console.stand`: HelixFlow and its watch, for whoever works on the pages.

Prints where it answers, and a token of each role. Ends with Ctrl-C, and then all ends.
"""

import http.server
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from opsbook.state.datadir import DataDir
from opsbook.state.people import Role
from tests.cli.run import opsbook, opsbook_up
from tests.console.book import whole_book


@dataclass(frozen=True)
class Stand:
    """What runs, and who may do what with it."""

    home: Path
    data: Path
    address: str
    tokens: dict[Role, str]
    """By role; each is of a person who is called as the role."""


@contextmanager
def stand(place: Path) -> Iterator[Stand]:
    """All of it in `place`; ended, services included, with the block."""
    home, data = place / "home", place / "data"
    with _catcher() as hook:
        book = whole_book(home, hook)
        try:
            with opsbook_up(book, data, state=None):
                address = DataDir(data).address()
                assert address is not None
                yield Stand(home, data, address, {role: _token(data, role) for role in Role})
        finally:
            opsbook("down", book, "--data", data)


def _token(data: Path, role: Role) -> str:
    made = opsbook("token", "add", role.value, "--role", role.value, "--data", data)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


class _Taker(http.server.BaseHTTPRequestHandler):
    """Takes notices and says nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _catcher() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@click.command()
def main() -> None:
    """Run it until Ctrl-C."""
    with tempfile.TemporaryDirectory(prefix="opsbook-stand-") as name, stand(Path(name)) as runs:
        sys.stdout.write(f"{runs.address}\nhome {runs.home}\ndata {runs.data}\n")
        for role, token in runs.tokens.items():
            sys.stdout.write(f"{role} {token}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
