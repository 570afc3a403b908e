"""An application of a book with one of everything, for what is generated from it."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.state.datadir import DataDir
from opsbook.web.settings import WebSettings

_BOOK = """
platform: {name: example}
services: {a: {process: {command: [a]}}}
checks: {port: {tcp: {host: localhost, port: 1}}}
drills:
  dies:
    kill: {service: a}
    expect: {detected: {within: 1s}, recovered: {within: 1s}}
backups:
  destinations: {disk: {local: {directory: kept}}}
  sets: {orders: {sqlite: {path: orders.db}, to: [disk]}}
databases:
  orders: {sqlite: {path: orders.db}, maintain: [optimise: {}], maintain_every: 7d}
alerts:
  route: {receiver: desk}
  receivers: [{name: desk, webhook_configs: [{url: "http://localhost:1"}]}]
"""


@contextmanager
def everything() -> Iterator[App]:
    """It does not run; it is closed at the end."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "book.yaml")
        file.write_text(_BOOK, encoding="utf-8")
        sqlite3.connect(Path(directory, "orders.db")).close()
        app = App(read_book(file), DataDir(Path(directory, "data")), WebSettings(port=0))
        try:
            yield app
        finally:
            app.close()
