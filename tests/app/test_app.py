"""The application as a whole."""

import json
from pathlib import Path

import pytest

from opsbook.app.app import App
from opsbook.app.book import read_book
from opsbook.core.errors import BadInputError
from opsbook.probes.model import State
from opsbook.state.datadir import DataDir
from opsbook.web.settings import WebSettings
from tests.services.platform import one_service, watched


async def test_every_change_of_a_check_is_in_the_ledger_with_its_conditions(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        changes = platform.ledger("check.changed")
    assert [(entry["subject"], entry["body"]["after"]) for entry in changes] == [("a-greets", "up")]
    assert changes[0]["body"]["conditions"] == ["greeting = ready (is ready)"]


async def test_the_ledger_tells_when_the_watch_began_and_ended(tmp_path: Path) -> None:
    book = one_service(tmp_path)
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
    async with watched(book, tmp_path / "data") as platform:
        await platform.well()
        kinds = [entry["kind"] for entry in platform.ledger("watch.started", "watch.stopped")]
    assert kinds == ["watch.started", "watch.stopped", "watch.started"]


async def test_the_verdict_is_the_worst_of_all(tmp_path: Path) -> None:
    async with watched(one_service(tmp_path), tmp_path / "data") as platform:
        await platform.well()
        assert platform.app.front.view.verdict() is State.UP
        platform.app.watch.checks["a-greets"].state = State.DEGRADED
        assert platform.app.front.view.verdict() is State.DEGRADED


def test_what_cannot_be_taken_is_given_back(tmp_path: Path) -> None:
    book = read_book(one_service(tmp_path))
    with pytest.raises(BadInputError, match=r"web\.host 0"):
        App(book, DataDir(tmp_path / "data"), WebSettings(host="0.0.0.0"))
    assert not DataDir(tmp_path / "data").in_use()


def test_a_check_is_behind_those_that_prove_the_services_its_own_depends_on(tmp_path: Path) -> None:
    file = tmp_path / "book.yaml"
    check = {"tcp": {"host": "localhost", "port": 80}}
    services = {
        "web": {"process": {"command": ["web"]}, "depends_on": ["store"]},
        "store": {"process": {"command": ["store"]}},
    }
    checks = {
        "page": {**check, "service": "web", "behind": ["network"]},
        "query": {**check, "service": "store", "restart_when_down": True},
        "certificate": {**check, "service": "store"},
        "network": check,
    }
    book = {"platform": {"name": "example"}, "services": services, "checks": checks}
    file.write_text(json.dumps(book))
    app = App(read_book(file), DataDir(tmp_path / "data"), WebSettings(port=0))
    parents = {check.name: check.parents for check in app.watch.checks.values()}
    app.close()
    assert parents == {"page": ("network", "query"), "query": (), "certificate": (), "network": ()}
