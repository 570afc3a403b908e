"""The book's `alerts:` — a file of Alertmanager, or its keys in the book."""

import textwrap
from pathlib import Path
from typing import Any

import pytest
from pydantic import create_model

from opsbook.alerts.settings import AlertSettings, alert_problems, alert_settings_type
from opsbook.book.load import load_book
from opsbook.book.model import Section
from opsbook.book.problems import BookError, Problem
from opsbook.book.source import Source

HERE = """
alerts:
  global: {slack_api_url: env:CHAT}
  templates: ["*.tmpl"]
  route: {receiver: chat, routes: [{matchers: [a=b], receiver: hook}]}
  receivers:
  - {name: chat, fallback: hook, slack_configs: [{channel: x}]}
  - {name: hook, webhook_configs: [{url: "http://localhost/hook"}]}
"""


class Book(Section):
    alerts: AlertSettings | None = None


def read(directory: Path, text: str) -> AlertSettings:
    fields: dict[str, Any] = {"alerts": (alert_settings_type() | None, None)}
    whole = create_model("Book", __base__=Book, **fields)
    (directory / "book.yaml").write_text(textwrap.dedent(text))

    def problems(book: Book, source: Source) -> list[Problem]:
        return alert_problems(book.alerts, source)

    book = load_book(directory / "book.yaml", lambda data: whole, lambda: whole, problems)
    assert book.alerts is not None
    return book.alerts


def refusal(directory: Path, text: str) -> str:
    with pytest.raises(BookError) as caught:
        read(directory, text)
    return str(caught.value)


def test_alertmanagers_keys_stand_in_the_book(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAT", "http://localhost/xyzzy")
    found = read(tmp_path, HERE).configuration()
    assert "xyzzy" not in found.shown()
    setup = found.setup()
    assert [route.manner.receiver for route in setup.root.all()] == ["chat", "hook"]
    assert setup.receivers["chat"].fallback == "hook"
    chat = setup.notifier("chat", "slack[0]")
    assert chat is not None
    assert chat.target == "slack x at the URL in env:CHAT"


def test_a_secret_in_the_book_is_refused_and_not_repeated(tmp_path: Path) -> None:
    told = refusal(tmp_path, HERE.replace("env:CHAT", "http://localhost/xyzzy"))
    assert "alerts.global.slack_api_url: not a secret reference, write env:NAME" in told
    assert "xyzzy" not in told


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(
        "route: {receiver: a}\n"
        "receivers: [{name: a, slack_configs: [{api_url: 'http://localhost/xyzzy'}]}]\n"
        "tracing: {}\n"
    )
    settings = read(tmp_path, "alerts: {alertmanager: alertmanager.yml, external_url: 'http://o'}")
    assert settings.external_url == "http://o"
    found = settings.configuration()
    assert list(found.setup().receivers) == ["a"]
    assert len(found.remarks) == 1


def test_what_is_wrong_with_the_file_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text("route: {receiver: a}")
    told = refusal(tmp_path, "alerts: {alertmanager: alertmanager.yml}")
    assert told.startswith(f"{tmp_path}/alertmanager.yml:1:19 route.receiver: unknown receiver")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert "none.yml" in refusal(tmp_path, "alerts: {alertmanager: none.yml}")


def test_what_is_wrong_in_the_book_is_told_with_its_place(tmp_path: Path) -> None:
    told = refusal(
        tmp_path, HERE.replace("env:CHAT", "file:chat").replace("matchers: [a=b]", "a: b")
    )
    assert f"{tmp_path}/book.yaml:5:37 alerts.route.routes[0].a: unknown key" in told
    (tmp_path / "chat").write_text("http://localhost/xyzzy")
    told = refusal(tmp_path, HERE.replace("env:CHAT", "file:chat").replace("er: hook}", "er: hok}"))
    said = "unknown receiver (got 'hok'), did you mean hook?"
    assert told.endswith(f"{tmp_path}/book.yaml:5:64 alerts.route.routes[0].receiver: {said}")


def test_what_opsbook_does_not_carry_out_is_refused_in_its_own_book(tmp_path: Path) -> None:
    told = refusal(tmp_path, "alerts: {global: {victorops_api_key: a}, route: {receiver: b}}")
    assert "alerts.global.victorops_api_key: unknown key" in told


def test_a_file_and_a_route_are_one_too_many(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("route: {receiver: a}\nreceivers: [{name: a}]")
    told = refusal(tmp_path, "alerts: {alertmanager: a.yml, route: {receiver: a}, receivers: []}")
    assert "both alertmanager and receivers and route are given, keep the file" in told


def test_receivers_need_a_route(tmp_path: Path) -> None:
    assert "the route is missing" in refusal(tmp_path, "alerts: {receivers: [{name: a}]}")


def test_with_neither_nobody_is_told(tmp_path: Path) -> None:
    setup = read(tmp_path, "alerts: {external_url: 'http://o'}").configuration().setup()
    assert setup.receivers[setup.root.manner.receiver].entries == {}
