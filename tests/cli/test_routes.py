"""`opsbook routes`"""

from pathlib import Path

from tests.cli.run import opsbook

CONFIG = """\
route:
  receiver: chat
  group_by: [alertname]
  routes:
  - matchers: [team="db"]
    receiver: people
    continue: true
    routes:
    - matchers: [severity="critical"]
      group_wait: 5s
      mute_time_intervals: [always]
  - matchers: [severity="critical"]
    receiver: hook
    group_by: ['...']
    active_time_intervals: [never]
  - match_re: {env: test.*}
    receiver: nobody
receivers:
- name: chat
  slack_configs: [{api_url: http://localhost/xyzzy, channel: '#ops'}]
- name: people
  fallback: chat
  email_configs: [{to: ops@localhost, from: opsbook@localhost, smarthost: localhost:25}]
- name: hook
  webhook_configs: [{url: http://localhost/xyzzy}]
- name: nobody
time_intervals:
- {name: always, time_intervals: [{}]}
- {name: never, time_intervals: [{years: ['1970']}]}
"""


def write(file: Path, text: str = CONFIG) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def test_the_tree_is_shown(tmp_path: Path) -> None:
    ran = opsbook("routes", "show", "--config", write(tmp_path / "alertmanager.yml"))
    assert (
        ran.stdout
        == """\
{}  chat
├─ {team="db"}  people, then on
│  └─ {severity="critical"}  people, muted in always
├─ {severity="critical"}  hook, active in never
└─ {env=~"^(?:test.*)$"}  nobody
"""
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_an_alert_is_followed_to_everybody_who_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "alertmanager.yml")
    labels = ["alertname=Down", "team=db", 'severity="critical"']
    ran = opsbook("routes", "test", "--config", file, *labels)
    assert (
        ran.stdout
        == """\
{}  chat
├─ {team="db"}  people, then on
│  └─ {severity="critical"}  people, muted in always
└─ {severity="critical"}  hook, active in never

people
  group   {}/{team="db"}/{severity="critical"}:{alertname="Down"}
  when    after 5s; changes every 5m; else again after 4h
  by      email[0] to email ops@localhost by localhost:25, not when it ends
  else    chat, when one cannot be reached
  muted   now, by always

hook
  group   {}/{severity="critical"}:{alertname="Down", severity="critical", team="db"}
  when    after 30s; changes every 5m; else again after 4h
  by      webhook[0] to webhook http://localhost/***
  muted   now, by never
"""
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_an_alert_that_no_route_takes_stays_at_the_root(tmp_path: Path) -> None:
    ran = opsbook("routes", "test", "--config", write(tmp_path / "alertmanager.yml"))
    assert ran.stdout.splitlines()[:4] == ["{}  chat", "", "chat", "  group   {}:{}"]


def test_a_receiver_without_entries_is_pointed_out(tmp_path: Path) -> None:
    ran = opsbook("routes", "test", "--config", write(tmp_path / "a.yml"), "env=test-1")
    assert "by      nothing: the receiver has no entries" in ran.stdout


def test_what_is_no_label_is_refused(tmp_path: Path) -> None:
    ran = opsbook("routes", "test", "--config", write(tmp_path / "a.yml"), "critical")
    assert ran.returncode == 2
    assert "'critical' is no label: write name=value" in ran.stderr


def test_problems_are_told_with_their_places(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yml", "route: {receiver: a}")
    ran = opsbook("routes", "show", "--config", file)
    assert ran.returncode == 2
    assert f"{file}:1:19 route.receiver: unknown receiver" in ran.stderr


def test_remarks_are_told_beside_the_tree(tmp_path: Path) -> None:
    file = write(tmp_path / "a.yml", "route: {receiver: a}\nreceivers: [{name: a}]\ntracing: {}")
    ran = opsbook("routes", "show", "--config", file)
    assert ran.stdout == "{}  a\n"
    assert ran.stderr.startswith(f"remark: {file}:3:1 tracing: not carried out")


def test_the_routes_of_a_book_are_those_of_its_alerts(tmp_path: Path) -> None:
    write(tmp_path / "alertmanager.yml")
    platform = "platform: {name: small}\n"
    book = write(tmp_path / "book.yaml", f"{platform}alerts: {{alertmanager: alertmanager.yml}}")
    assert opsbook("routes", "show", "--book", book).stdout.startswith("{}  chat\n├─ ")
    write(book, platform)
    ran = opsbook("routes", "show", "--book", book)
    assert "says nothing under alerts" in ran.stderr


def test_it_is_said_whose_routes(tmp_path: Path) -> None:
    ran = opsbook("routes", "show")
    assert ran.returncode == 2
    assert "give --config FILE or --book FILE" in ran.stderr
