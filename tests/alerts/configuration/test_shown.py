"""What a configuration shows of itself: all of it but its secrets."""

from pathlib import Path

import pytest

from tests.alerts.amtool import receivers_by_amtool, refused_by_amtool
from tests.alerts.configuration.corpus import TAKEN
from tests.alerts.configuration.kinds import read, written


def test_it_is_what_was_written_without_the_secrets(tmp_path: Path) -> None:
    whole = """\
    global:
      slack_api_url: http://localhost/xyzzy
      smtp_auth_password: 12345
      resolve_timeout: 5m
      http_config:
        basic_auth: {username: anna, password: xyzzy}
        http_headers: {X-Key: {values: [open], secrets: [xyzzy]}}
    route:
      receiver: chat
      group_by: ['...', '...']
      routes:
      - matchers: ['a="b"']
        match: {version: 1.10, on: 'yes'}
    receivers:
    - name: chat
      slack_configs:
      - channel: '#ops'
        title: "it's {{ .Status }}"
        send_resolved: yes
      webhook_configs:
      - url: http://localhost/xyzzy
        http_config: {proxy_url: 'http://anna:xyzzy@localhost'}
    """
    shown = read(tmp_path, whole).shown()
    assert "xyzzy" not in shown
    assert "12345" not in shown
    assert (
        shown
        == """\
global:
  slack_api_url: http://localhost/***
  smtp_auth_password: <secret>
  resolve_timeout: 5m
  http_config:
    basic_auth:
      username: anna
      password: <secret>
    http_headers:
      X-Key:
        values:
        - open
        secrets:
        - <secret>
route:
  receiver: chat
  group_by:
  - '...'
  - '...'
  routes:
  - matchers:
    - a="b"
    match:
      version: 1.10
      on: yes
receivers:
- name: chat
  slack_configs:
  - channel: '#ops'
    title: it's {{ .Status }}
    send_resolved: yes
  webhook_configs:
  - url: http://localhost/***
    http_config:
      proxy_url: http://anna:***@localhost
"""
    )


def test_what_only_opsbook_takes_stands_in_comments(tmp_path: Path) -> None:
    whole = """
    route: {receiver: a}
    receivers:
    - {name: a, fallback: b, webhook_configs: []}
    - {name: b, apprise_configs: [{url: "ntfy://xyzzy"}]}
    """
    assert (
        read(tmp_path, whole).shown()
        == """\
route:
  receiver: a
receivers:
- name: a
  webhook_configs: []
- name: b
# receivers:
# - name: a
#   fallback: b
# - name: b
#   apprise_configs:
#   - url: <secret>
"""
    )


def test_what_is_not_carried_out_is_not_shown(tmp_path: Path) -> None:
    whole = """
    global: {victorops_api_key: xyzzy}
    tracing: {endpoint: a}
    route: {receiver: a}
    receivers: [{name: a}]
    """
    assert (
        read(tmp_path, whole).shown()
        == "global: {}\nroute:\n  receiver: a\nreceivers:\n- name: a\n"
    )


def test_a_configuration_without_secrets_is_shown_as_amtool_reads_it(tmp_path: Path) -> None:
    whole = """
    route: {receiver: a, routes: [{match: {x: 1.10}, receiver: b}]}
    receivers: [{name: a}, {name: b}]
    """
    file = written(tmp_path, read(tmp_path, whole).shown())
    assert receivers_by_amtool(file, ["x=1.10"]) == ["b"]


def test_amtool_takes_what_is_shown(tmp_path_factory: pytest.TempPathFactory) -> None:
    files = {}
    for name, text in TAKEN.items():
        directory = tmp_path_factory.mktemp("shown")
        files[written(directory, read(directory, text).shown())] = name
    assert [files[file] for file in refused_by_amtool(list(files))] == []
